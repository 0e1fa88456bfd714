import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { type Ended, flat, Workplace } from './program.ts';

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../schemas/pvebak-node.schema.json'), 'utf8'),
);
const fitsSchema = new Ajv({ allErrors: true, strict: true }).compile(schema);

/** Three nodes, one of which is off; `config_backup: true` on the one entry that leads to them. */
/** More than the rpo of what is to be due. */
const OLD_MS = 1100;
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab({ nodes: ['fra1', 'fra2'], offline: ['fra3'] });
  addVm(lab, 'fra1', { vmid: 101, name: 'web' });
  mkdirSync(`${lab.pve}/ha`);
  writeFileSync(`${lab.pve}/ha/resources.cfg`, 'vm: 101\n\tgroup first\n\tstate started\n');
  writeFileSync(`${lab.pve}/replication.cfg`, 'local: 101-0\n\ttarget fra2\n\tschedule */30\n');
  for (const node of lab.nodes) {
    await node.exec('mkdir -p /etc/network && echo "iface vmbr0 inet manual" > /etc/network/interfaces');
    writeFileSync(`${lab.pve}/nodes/${node.name}/lrm_status`, '{"timestamp":1}');
  }
  writeFileSync(`${lab.pve}/priv/authorized_keys`, 'ssh-ed25519 AAAA root@fra1\n');
  writeFileSync(`${lab.pve}/.version`, '1');
  place = new Workplace();
  place.write('site.yaml', siteFile());
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function siteFile({ rpo = '24h', exclude = '{ vmid: [999] }' } = {}): string {
  const [fra1, fra2] = [lab.node('fra1'), lab.node('fra2')];
  const fra = byIdentity(fra1, {
    id: 'frankfurt',
    config_backup: 'true',
    host_key: `[ "${fra1.hostKeyFingerprint}", "${fra2.hostKeyFingerprint}" ]`,
    nodes: `{ fra2: { location: "proxmox://${fra2.host}:${fra2.port}" } }`,
  });
  return labSite({
    hosts: { fra },
    backups: [`{ name: all, host: fra, all: true, rpo: ${rpo}, exclude: ${exclude} }`],
  });
}

/** Members of the archive that restic takes out of the newest snapshot of a node. */
async function members(node: string): Promise<readonly string[]> {
  const place_ = `--host frankfurt --path /node/${node}`;
  const dump = `restic -r repository -p password --no-cache dump latest ${place_} /node/${node}/archive/node-${node}.tar`;
  const { stdout, stderr, status } = await place.command('bash', '-c', `set -o pipefail; ${dump} | tar -t`);
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\n');
}

describe("the nodes' own configurations", () => {
  it('are planned for each node that is on', async () => {
    const { stdout } = await place.pvebak('plan', 'site.yaml');
    expect(stdout).toMatch(
      /\nNODES\n {2}\+ node fra1 {2}configuration {2}never backed up\n {2}\+ node fra2 /,
    );
    expect(stdout).not.toContain('+ node fra3');
    expect(flat(stdout)).toMatch(/1 to back up.*, 2 node configurations, /);
  });

  it('are kept beside the guests', async () => {
    const { stdout, stderr } = await place.pvebak('apply', 'site.yaml', '--yes');
    expect(`${stdout}${stderr}`).toMatch(/\n\+ backup node fra2: .* KiB in .* new .* snapshot [0-9a-f]{8}\n/);
    expect(stdout).toMatch(/\n1 backed up, 2 node configurations kept: /);
    expect(place.stored('snapshots')).toHaveLength(3);
    expect(place.stored('locks')).toEqual([]);
  });

  it('come back with restic and tar in one line', async () => {
    const names = await members('fra1');
    expect(names).toEqual(
      expect.arrayContaining([
        'etc/pve/storage.cfg',
        'etc/pve/nodes/fra1/qemu-server/101.conf',
        'etc/pve/priv/authorized_keys',
        'etc/network/interfaces',
      ]),
    );
    expect(names).not.toContain('etc/pve/.version');
    expect(names).not.toContain('etc/pve/nodes/fra1/lrm_status');
  });

  it('say of themselves what the schema has, and restic finds no fault', () => {
    const file = '/node/fra2/pvebak-node.json';
    const dumped = place.restic('dump', 'latest', '--path', '/node/fra2', file);
    const record = JSON.parse(dumped);
    expect(fitsSchema(record), JSON.stringify(fitsSchema.errors)).toBe(true);
    expect(record).toMatchObject({ node: 'fra2', host: 'frankfurt', dump: { exitStatus: 0, warnings: [] } });
    expect(place.restic('check', '--read-data')).toContain('no errors were found');
  });

  it('are listed among the snapshots, and are no guests', async () => {
    const { stdout } = await place.succeed('snapshots', 'site.yaml');
    expect(stdout).toMatch(/frankfurt +node\/fra1\n/);
    expect(stdout).toMatch(/\n3 snapshots\n/);
    const json = await place.succeed('snapshots', 'site.yaml', '--json');
    const listed = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(listed.flatMap(({ node }) => node ?? []).sort()).toEqual(['fra1', 'fra2']);
    expect(listed.flatMap(({ guest }) => guest ?? [])).toEqual(['qemu/101']);
    const guests = await place.succeed('snapshots', 'site.yaml', '--guest', 'qemu/101');
    expect(guests.stdout).not.toContain('node/');
  });

  it('are fresh then', async () => {
    const again = await place.pvebak('apply', 'site.yaml', '--yes');
    expect(again.stdout).toMatch(/\nNODES\n {2}= 2 fresh, the oldest /);
    expect(place.stored('snapshots')).toHaveLength(3);
  });

  it('are the same archive when nothing has changed but what is no configuration', async () => {
    // A dump changes the times of its guest's configuration.
    place.write('again.yaml', siteFile({ rpo: '1s', exclude: '{ vmid: [101] }' }));
    await sleep(OLD_MS);
    await place.pvebak('apply', 'again.yaml', '--yes');
    const before = place.repositorySize();
    writeFileSync(`${lab.pve}/nodes/fra1/lrm_status`, '{"timestamp":2}');
    writeFileSync(`${lab.pve}/.version`, '2');
    await sleep(OLD_MS);
    const { stdout } = await place.pvebak('apply', 'again.yaml', '--yes');
    expect(stdout).toMatch(/\+ backup node fra1: .*, 0 B new \(0 B stored\)/);
    expect(stdout).toMatch(/\+ backup node fra2: .*, 0 B new \(0 B stored\)/);
    expect(place.repositorySize() - before).toBeLessThan(64 << 10);
  });
});

describe('on a node', () => {
  const changed = 'tar "$@"; echo "tar: etc/pve/user.cfg: file changed as we read it" >&2; exit 1';
  it('where a file changed while it was read they are kept, with a warning', async () => {
    const { stdout } = await applyWithTar(changed);
    expect(stdout).toMatch(/\+ backup node fra2: .*, 1 warning: tar: etc\/pve\/user\.cfg: file changed/);
    const record = place.restic('dump', 'latest', '--path', '/node/fra2', '/node/fra2/pvebak-node.json');
    expect(fitsSchema(JSON.parse(record))).toBe(true);
    expect(JSON.parse(record).dump.exitStatus).toBe(1);
  });

  it.each([
    [
      'that has not mounted /etc/pve',
      'mkdir -p /run/none/etc/pve /run/none/etc/network; cd /run/none; tar -c etc',
      /\/etc\/pve is empty on .*systemctl status pve-cluster/,
    ],
    [
      'whose tar fails',
      'echo "tar: etc/pve/priv: Cannot open: Permission denied" >&2; exit 2',
      /tar failed on .*etc\/pve\/priv.*Permission denied.*needs root/,
    ],
    ['whose archive has no end', 'tar "$@" | head -c 5000', /the archive is not whole/],
    ['without tar', 'exit 127', /tar failed on .* status 127/],
  ])('%s they are not, and the others are', async (_, script, message) => {
    const before = place.stored('snapshots').length;
    const { stdout, status } = await applyWithTar(script);
    expect(flat(stdout)).toMatch(message);
    expect(stdout).toMatch(/\n1 node configurations? kept, 1 failed/);
    expect(status).toBe(3);
    expect(place.stored('snapshots')).toHaveLength(before + 1);
    expect(place.stored('locks')).toEqual([]);
  });
});

/** Everything is due but the guest; tar on fra2 is this script. */
async function applyWithTar(script: string): Promise<Ended> {
  const tar = join(lab.node('fra2').bin, 'tar');
  writeFileSync(tar, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`, { mode: 0o755 });
  try {
    place.write('due.yaml', siteFile({ rpo: '1s', exclude: '{ vmid: [101] }' }));
    await sleep(OLD_MS);
    return await place.pvebak('apply', 'due.yaml', '--yes');
  } finally {
    rmSync(tar);
  }
}

it('what a guest belongs to is in its pvebak.json', () => {
  const record = place.restic('dump', 'latest', '--path', '/qemu/101', '/qemu/101/pvebak.json');
  expect(JSON.parse(record).guest).toMatchObject({
    ha: { state: 'started', group: 'first' },
    replication: [{ id: '101-0', target: 'fra2', schedule: '*/30', enabled: true }],
  });
});
