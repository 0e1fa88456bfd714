import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { takeInVm } from '../../src/apply/take-in-vm.ts';
import type { BlobId } from '../../src/repository/object-id.ts';
import { withSession } from '../../src/repository/repository.ts';
import { compareVma } from '../../src/verify/compare-vma.ts';
import { DumpedFiles } from '../apply/dumped-file.ts';
import { sampleRepository } from '../repository/sample-repository.ts';
import { verified } from './verified-repository.ts';

const VMA = join(import.meta.dirname, '../fixtures/vma');

let dumped: DumpedFiles;
beforeAll(async () => {
  dumped = await DumpedFiles.start();
});
afterAll(() => dumped[Symbol.asyncDispose]());

it('the two views of VMs as vzdump really sent them agree', async () => {
  const files = [
    ['all-zero.vma', 201],
    ['odd-size.vma.gz', 202],
    ['many-drives.vma.gz', 203],
    ['vm-103-diskless.vma', 204],
    ['vm-102-template.vma', 205],
    ['prelaunch.vma.gz', 206],
    ['vmstate.vma', 207],
  ] as const;
  for (const [file, vmid] of files) {
    const send = file.endsWith('.gz') ? `gzip -dc '${VMA}/${file}'` : `cat '${VMA}/${file}'`;
    await dumped.backUp({ type: 'qemu', vmid }, send);
  }
  const report = await verified(join(dumped.folder, 'repository'), { reading: { kind: 'structure' } });
  expect(report.faults).toEqual([]);
  expect(report.snapshots).toHaveLength(files.length);
});

it('they agree as well where chunks were stored as smaller blobs, for want of memory', async () => {
  const { repository } = await sampleRepository();
  await withSession(repository, { lock: 'shared', threads: 1 }, async (session) => {
    const stream = createReadStream(join(VMA, 'live2.vma.gz')).pipe(createGunzip());
    const taken = await takeInVm(stream, {
      writer: session.writer,
      temporaryFolder: tmpdir(),
      chunkBytesOf: () => 3 << 20,
      archiveIdentity: () => ({ uuid: new Uint8Array(16), ctime: 0 }),
      memoryBytes: 1 << 16,
      spillBytes: 0,
    });
    await session.writer.flush();
    expect(taken.smallerBlobs).toBeGreaterThan(0);
    const disks = taken.disks.map(
      ({ name, file: { content, size } }) => [name, { content, size, chunkSize: 3 << 20 }] as const,
    );
    const config = taken.configs.find(({ name }) => name === 'qemu-server.conf')?.content;
    const views = { archive: taken.archive.content, disks: new Map(disks), config };
    const { reader: source, signal } = session;
    const lengthOf = (id: BlobId) => session.reader.lengthOf('data', id);
    expect(await compareVma(views, { source, lengthOf, signal })).toBeUndefined();
  });
});
