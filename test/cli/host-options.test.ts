/** Options of a host entry that change how a dump is made and compressed. By openssh it travels in `canary.test.ts`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCt, addVm, diskFile } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { sha256Of } from './guest-files.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { Workplace } from './program.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
  const scsi0 = { key: 'scsi0', sizeBytes: 8 << 20, content: { kind: 'random', bytes: 4 << 20 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [scsi0] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
});
afterAll(() => lab.stop());

describe('a host entry', () => {
  it.each([
    ['0', 'snapshot'],
    ['1', 'suspend'],
    ['lzo', 'stop'],
    ['gzip', 'snapshot'],
    ['zstd', 'stop'],
  ])(
    'with backup_compression %s and backup_mode %s gives the archive as it is',
    async (compression, mode) => {
      const options = { backup_compression: `'${compression}'`, backup_mode: mode };
      await backsUpAndRestores(byIdentity(lab.node('pve1'), options));
    },
  );
});

let vmid = 900;

async function backsUpAndRestores(pve: readonly string[]): Promise<void> {
  using place = new Workplace();
  place.write(
    'site.yaml',
    labSite({ hosts: { pve }, backups: ['{ name: all, host: pve, vmid: [101, 105] }'] }),
  );
  await place.makeRepository();
  await place.succeed('apply', 'site.yaml', '--yes');
  const { stdout } = await place.succeed('snapshots', 'site.yaml', '--guest', 'qemu/101');
  const id = stdout.split('\n')[1]?.split(' ')[0] ?? '';
  vmid += 1;
  await place.succeed('restore', id, '--to', 'pve', '--vmid', String(vmid), '--yes');
  expect(sha256Of(diskFile(lab, vmid, 'scsi0'))).toBe(sha256Of(diskFile(lab, 101, 'scsi0')));
  expect(place.restic('check', '--read-data')).toContain('no errors were found');
}
