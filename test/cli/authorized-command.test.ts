/** Keys that may run what pvebak runs, and nothing else: whole runs through the real SSH server and the shipped program. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM } from '../authorized-command/run-allowed.ts';
import { addCt, addVm, diskFile, findGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { addUser } from '../lab/node-user.ts';
import { runProgram } from '../lab/run-program.ts';
import { sha256Of } from './guest-files.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { cleanWithin } from './node-mess.ts';
import { Workplace } from './program.ts';

const USER = 'pvebak';
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  place = new Workplace();
  const node = lab.node('pve1');
  const scsi0 = { key: 'scsi0', sizeBytes: 8 << 20, content: { kind: 'random', bytes: 4 << 20 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [scsi0] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git', unprivileged: true });
  await node.exec('mkdir -p /etc/network');
  const program = `${node.bin}/pvebak-allowed`;
  copyFileSync(PROGRAM, program);
  // What syslog gets.
  writeFileSync(`${node.bin}/logger`, '#!/bin/sh\necho "$*" >>/run/logged\n', { mode: 0o755 });
  await addUser(node, USER, [
    `Defaults!${program} env_keep += "SSH_ORIGINAL_COMMAND SSH_CLIENT"`,
    `${USER} ALL=(root) NOPASSWD: ${program} backup --node-config`,
  ]);
  const keys = [
    ['backup', `${program} backup`],
    ['restore', `${program} restore`],
    ['by-sudo', `sudo -n ${program} backup --node-config`],
  ] as const;
  const lines = keys.map(([name, command]) => `command="${command}",restrict ${newKey(name)}`);
  writeFileSync(`${lab.identityFile}.pub`, lines.join(''));
  place.write('backup.yaml', site('backup', {}));
  place.write('slow.yaml', site('backup', { vzdump: '{ bwlimit: 1MiB }' }, '1s'));
  place.write('restore.yaml', site('restore', { conn_client: 'openssh', cleanup: 'true' }));
  place.write('by-sudo.yaml', site('by-sudo', { conn_username: USER, config_backup: 'true' }, '1s'));
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function newKey(name: string): string {
  runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', `${place.folder}/${name}`]);
  return readFileSync(`${place.folder}/${name}.pub`, 'utf8');
}

function site(key: string, more: Readonly<Record<string, string>>, rpo = '24h'): string {
  const pve = byIdentity(lab.node('pve1'), { conn_identity_file: `./${key}`, ...more });
  return labSite({ hosts: { pve }, backups: [`{ name: all, host: pve, vmid: [101, 105], rpo: ${rpo} }`] });
}

function logged(): string {
  const file = lab.node('pve1').path('/run/logged');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

describe('a key for backups', () => {
  it('backs up VMs and containers, and leaves a clean node when it is interrupted', async () => {
    expect((await place.succeed('apply', 'backup.yaml', '--yes')).stdout).toMatch(/\n2 backed up: /);
    const run = place.start(['apply', 'slow.yaml', '--yes']);
    await run.says('backup qemu/101 web: begins');
    await sleep(1000);
    run.child.kill('SIGINT');
    const { stdout, status } = await run.ended;
    expect(status).toBe(130);
    expect(stdout).not.toContain('left on');
    await cleanWithin(lab.node('pve1'), 60_000);
    expect(logged()).toBe('');
  });

  it('restores nothing, and both sides are told why', async () => {
    const { stdout, stderr, status } = await restore(700, 'backup.yaml', 'staged');
    expect(status).not.toBe(0);
    expect(stdout + stderr).toContain('pvebak-allowed: refused: this key may back up, and not restore');
    expect(findGuest(lab, 801)).toBeUndefined();
    expect(logged()).toContain('backup key, 127.0.0.1: refused, this key may back up, and not restore');
  });
});

describe('a key for restores', () => {
  it.each([
    ['staged', 700],
    ['streamed', 800],
  ])('restores VMs and containers, %s', async (mode, offset) => {
    const { stdout, status } = await restore(offset, 'restore.yaml', mode);
    expect(stdout).toMatch(/\n2 restored/);
    expect(status).toBe(0);
    expect(sha256Of(diskFile(lab, 101 + offset, 'scsi0'))).toBe(sha256Of(diskFile(lab, 101, 'scsi0')));
    expect(logged()).not.toContain('restore key');
    await cleanWithin(lab.node('pve1'), 0);
  });
});

it('a user who may become root for that program alone backs up, the configuration of the node too', async () => {
  const { stdout } = await place.succeed('apply', 'by-sudo.yaml', '--yes');
  expect(stdout).toContain('\n2 backed up, 1 node configuration kept: ');
});

function restore(offset: number, from: string, mode: string) {
  const what = ['--latest', '--guests', 'qemu/101,lxc/105', '--vmid-offset', String(offset)];
  return place.pvebak('restore', ...what, '--site', from, '--to', 'pve', '--mode', mode, '--yes');
}
