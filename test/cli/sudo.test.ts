/** A user who is not root, and becomes it by sudo: the real one, behind the real SSH server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCt, addVm, diskFile, findGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { addUser } from '../lab/node-user.ts';
import { sha256Of } from './guest-files.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { cleanWithin } from './node-mess.ts';
import { flat, Workplace } from './program.ts';

const USER = 'backup-user';
const MAY = `${USER} ALL=(root) NOPASSWD: ALL`;
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  const scsi0 = { key: 'scsi0', sizeBytes: 8 << 20, content: { kind: 'random', bytes: 4 << 20 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [scsi0] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git', unprivileged: true });
  await lab.node('pve1').exec('mkdir -p /etc/network');
  await addUser(lab.node('pve1'), USER, [MAY]);
  place = new Workplace();
  place.write('site.yaml', site({ config_backup: 'true' }));
  place.write('slow.yaml', site({ vzdump: '{ bwlimit: 1MiB }' }, '1s'));
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function site(more: Readonly<Record<string, string>>, rpo = '24h'): string {
  const pve = byIdentity(lab.node('pve1'), { conn_username: USER, sudo: 'true', cleanup: 'true', ...more });
  return labSite({ hosts: { pve }, backups: [`{ name: all, host: pve, all: true, rpo: ${rpo} }`] });
}

describe('a host entry with conn_username and sudo: true', () => {
  it("backs up VMs, containers and the node's own configuration", async () => {
    const { stdout } = await place.succeed('apply', 'site.yaml', '--yes');
    expect(stdout).toContain('\n2 backed up, 1 node configuration kept: ');
    await cleanWithin(lab.node('pve1'), 0);
  });

  it('restores VMs and containers, also as the recovery kit says', async () => {
    const { stdout } = await place.succeed('kit', 'site.yaml');
    const [, to, options = ''] = /pvebak restore .*(--to backup-user@\S+)( .*)/.exec(stdout) ?? [];
    expect(options).toContain(' --sudo ');
    const way = `${to}${options}`.split(' ').filter((word) => word !== '\\');
    const what = ['--latest', '--guests', 'qemu/101,lxc/105', '--vmid-offset', '700', '--mode', 'staged'];
    const repository = ['--repo', './repository', '--password-file', './password'];
    await place.succeed('restore', ...what, ...repository, ...way, '--yes');
    expect(sha256Of(diskFile(lab, 801, 'scsi0'))).toBe(sha256Of(diskFile(lab, 101, 'scsi0')));
    expect(findGuest(lab, 805)).toBeDefined();
  });

  it('leaves a clean node when it is interrupted, and when it is killed', async () => {
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const run = place.start(['apply', 'slow.yaml', '--yes']);
      await run.says('backup qemu/101 web: begins');
      await sleep(1000);
      run.child.kill(signal);
      expect((await run.ended).status).toBe(signal === 'SIGINT' ? 130 : 137);
      await cleanWithin(lab.node('pve1'), 60_000);
    }
  });
});

it.each(['ssh2', 'openssh'])('the plan says what to put into sudoers, by %s', async (client) => {
  await addUser(lab.node('pve1'), USER, [`${USER} ALL=(root) ALL`]);
  place.write('refused.yaml', site({ conn_client: client }));
  const { stdout, status } = await place.pvebak('plan', 'refused.yaml');
  expect(status).toBe(3);
  expect(flat(stdout)).toMatch(
    /backup-user may not become root on 127\.0\.0\.1:\d+: sudo: a password is required; /,
  );
  expect(flat(stdout)).toContain(`with the line "${MAY}"`);
});
