/** A site whose backups and restores are declared on the same day: what the first two runs do, and what the kit then says. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addVm, findGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab({ nodes: ['fra1'] });
  addVm(lab, 'fra1', { vmid: 101, name: 'web' });
  // What a node has and the lab does not make: a network, and the sign that /etc/pve is mounted.
  await lab.node('fra1').exec('mkdir -p /etc/network && touch /etc/network/interfaces');
  writeFileSync(`${lab.pve}/.version`, '1');
  place = new Workplace();
  const fra = byIdentity(lab.node('fra1'), { config_backup: 'true' });
  const backups = ['{ name: all, host: fra, all: true }'];
  const restores = `restores:
  - { name: copy, snapshot: latest, guest: qemu/101, from: fra, to: { host: fra, vmid: 901 } }
`;
  place.write('site.yaml', `${labSite({ hosts: { fra }, backups })}\n${restores}`);
  await place.succeed('init', 'site.yaml');
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

describe('a new site', () => {
  it('has a restore that waits for the first backup, and no problem', async () => {
    const { stdout, status } = await place.pvebak('plan', 'site.yaml', '--detailed-exitcode');
    expect(flat(stdout)).toContain(
      'copy waits for the first backup of qemu/101 web in this run; the next apply restores it',
    );
    expect(stdout).not.toContain('INCOMPLETE');
    expect(status).toBe(2);
  });

  it('is backed up by the first run, and restored by the second', async () => {
    await place.succeed('apply', 'site.yaml', '--yes');
    expect(findGuest(lab, 901)).toBeUndefined();
    await place.succeed('apply', 'site.yaml', '--yes');
    expect(findGuest(lab, 901)).toBeDefined();
  });

  it('then has a kit whose line unpacks the configuration of the node with restic alone', async () => {
    const { stdout } = await place.succeed('kit', 'site.yaml');
    const line = /^ {4}(mkdir .*node-fra1\.tar .*)$/m.exec(stdout)?.[1] ?? 'false';
    const settings = `export RESTIC_PASSWORD="$(head -n 1 password)" RESTIC_CACHE_DIR=${place.folder}/cache`;
    const script = `set -e -o pipefail; ${settings}; ${line}; find node-fra1 -type f`;
    const unpacked = await place.command('bash', '-c', script);
    expect(unpacked).toMatchObject({ stderr: '', status: 0 });
    expect(unpacked.stdout).toContain('node-fra1/etc/pve/nodes/fra1/qemu-server/101.conf');
  });
});
