/** On the node itself. By SSH it is in `canary.test.ts`. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addCt, addVm, diskFile } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { sha256Of } from './guest-files.ts';
import { labSite } from './lab-site.ts';
import { ENTRY, Workplace } from './program.ts';
import { watchProcesses } from './secret-watch.ts';

const CANARY = 'canary-of-the-repository';
const BACKUPS = ['{ name: all, host: pve, vmid: [101, 105] }'];
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  const scsi0 = { key: 'scsi0', sizeBytes: 8 << 20, content: { kind: 'random', bytes: 4 << 20 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [scsi0] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
});

afterAll(() => lab.stop());

beforeEach(() => {
  place = new Workplace();
  return () => place[Symbol.dispose]();
});

describe('on the node itself, with mode: local', () => {
  it('all works, and the tools are not told the password, not even from the environment', async () => {
    const password = '{ env: PVEBAK_PASSWORD }';
    place.write('site.yaml', labSite({ hosts: { pve: ['mode: local'] }, backups: BACKUPS, password }));
    const watched = watchProcesses([CANARY], (command) => !command.includes(ENTRY));
    await onNode('init', 'site.yaml');
    expect(await onNode('apply', 'site.yaml', '--yes')).toMatch(/\n2 backed up: /);
    const { stdout } = await lab.node('pve1').exec(`${settings()} ${place.line('snapshots', 'site.yaml')}`);
    const id = /^([0-9a-f]{8}) .*qemu\/101/m.exec(stdout)?.[1] ?? '';
    expect(await onNode('restore', id, '--to', 'pve', '--vmid', '911', '--yes')).toMatch(/\n1 restored\n$/);
    expect(await watched.end()).toEqual([]);
    expect(sha256Of(diskFile(lab, 911, 'scsi0'))).toBe(sha256Of(diskFile(lab, 101, 'scsi0')));
  });
});

async function onNode(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await lab.node('pve1').exec(`${settings()} ${place.line(...args)}`);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return stdout;
}

function settings(): string {
  return `export PVEBAK_PASSWORD=${CANARY};`;
}
