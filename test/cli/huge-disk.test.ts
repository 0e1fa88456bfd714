/** A disk of 1 TiB of zeros, 148 MB of stream, takes memory for none of it. */
import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addVm, diskFile } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { peakMemory } from './peak-memory.ts';
import { Workplace } from './program.ts';

const TIB = 2 ** 40;
const BOUND = 400 * 2 ** 20;
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  place = new Workplace();
  const scsi0 = { key: 'scsi0', sizeBytes: TIB, content: { kind: 'zeros' } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'vast', disks: [scsi0] });
  const hosts = { pve: byIdentity(lab.node('pve1'), { cleanup: 'true' }) };
  place.write('site.yaml', labSite({ hosts, backups: ['{ name: all, host: pve, all: true }'] }));
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

describe('a disk of 1 TiB of zeros', () => {
  it('is backed up over SSH below 400 MiB of memory', async () => {
    const run = place.start(['apply', 'site.yaml', '--yes']);
    expect(await peakMemory(run)).toBeLessThan(BOUND);
    expect(await run.ended).toMatchObject({ status: 0, stdout: expect.stringContaining('1 TiB in') });
  });

  it('takes less than 100 MiB of the repository, which restic finds whole', () => {
    expect(place.repositorySize()).toBeLessThan(100 * 2 ** 20);
    expect(place.restic('check')).toContain('no errors were found');
  });

  it('is restored under a new vmid below 400 MiB of memory', async () => {
    const [snapshot = ''] = place.stored('snapshots');
    const run = place.start(['restore', snapshot, '--to', 'pve', '--vmid', '901', '--yes']);
    expect(await peakMemory(run)).toBeLessThan(BOUND);
    expect(await run.ended).toMatchObject({ status: 0, stderr: '' });
  });

  it('has its length then, and occupies nothing', () => {
    const { size, blocks } = statSync(diskFile(lab, 901, 'scsi0'));
    expect(size).toBe(TIB);
    expect(blocks * 512).toBeLessThan(2 ** 20);
  });
});
