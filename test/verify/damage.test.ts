import { cp, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DumpedFiles } from '../apply/dumped-file.ts';
import {
  copyOf,
  filesOf,
  flipBit,
  type Kept,
  keepGuests,
  placeOfBlob,
  placeOfTree,
  verified,
  wholeOnes,
} from './verified-repository.ts';

let dumped: DumpedFiles;
let kept: Kept;
beforeAll(async () => {
  dumped = await DumpedFiles.start();
  kept = await keepGuests(dumped);
});
afterAll(() => dumped[Symbol.asyncDispose]());

const DISK = '/qemu/101/drive-scsi0/drive-scsi0.raw';
const ARCHIVE = '/qemu/101/archive/vzdump-qemu-101.vma';
const allBut = (...names: readonly (keyof Kept)[]) =>
  new Set(
    (['web', 'mail', 'container', 'foreign'] as const)
      .filter((name) => !names.includes(name))
      .map((name) => kept[name]),
  );

describe('a repository without damage', () => {
  it.each([{ kind: 'structure' }, { kind: 'read-data' }] as const)(
    'is found whole by $kind',
    async (reading) => {
      const report = await verified(await copyOf(dumped), { reading });
      expect(report.faults).toEqual([]);
      expect(wholeOnes(report)).toEqual(allBut());
      expect(report.counts).toMatchObject({ keys: 1, indexes: 4, packs: 8, unindexedPacks: 0 });
      expect(report.counts.readPacks).toBe(reading.kind === 'read-data' ? 8 : 0);
    },
  );

  it('says of each snapshot what it is of', async () => {
    const { snapshots } = await verified(await copyOf(dumped), { reading: { kind: 'structure' } });
    expect(snapshots.map(({ name }) => name.subject)).toEqual(
      expect.arrayContaining([
        { kind: 'guest', guest: 'qemu/101' },
        { kind: 'guest', guest: 'lxc/205' },
        { kind: 'other', paths: ['/home'] },
      ]),
    );
  });
});

describe('a flipped bit', () => {
  it("in a blob of a disk is found by its pack and id, and touches the disk and the archive of this guest's snapshot", async () => {
    const folder = await copyOf(dumped);
    const { file, offset, id } = await placeOfBlob(folder, { snapshot: kept.web, path: DISK });
    await flipBit(join(folder, file), offset + 20);
    const report = await verified(folder);
    expect(report.faults).toEqual([
      {
        fault: {
          kind: 'pack',
          file,
          whats: ['the content does not match the name'],
          blobs: [{ type: 'data', id, offset, what: 'its MAC is wrong' }],
        },
        touches: [{ snapshot: kept.web, paths: [ARCHIVE, DISK], morePaths: 0 }],
      },
    ]);
    expect(wholeOnes(report)).toEqual(allBut('web'));
  });

  it('in a blob of data is not seen without --read-data', async () => {
    const folder = await copyOf(dumped);
    const { file, offset } = await placeOfBlob(folder, { snapshot: kept.web, path: DISK });
    await flipBit(join(folder, file), offset + 20);
    expect((await verified(folder, { reading: { kind: 'structure' } })).faults).toEqual([]);
  });

  it.each(['structure', 'read-data'] as const)(
    'in the tree of a folder is found by %s, and touches what is in this folder',
    async (kind) => {
      const folder = await copyOf(dumped);
      const path = '/lxc/205/rootfs/etc';
      const { file, offset, id } = await placeOfTree(folder, { snapshot: kept.container, path });
      await flipBit(join(folder, file), offset + 20);
      const report = await verified(folder, { reading: { kind } });
      expect(report.faults).toEqual([
        {
          fault: expect.objectContaining({
            file,
            blobs: [{ type: 'tree', id, offset, what: 'its MAC is wrong' }],
          }),
          touches: [{ snapshot: kept.container, paths: [path], morePaths: 0 }],
        },
      ]);
      expect(wholeOnes(report)).toEqual(allBut('container'));
    },
  );

  it.each(['data', 'index', 'snapshots'] as const)(
    'in each of all files of the kind %s is found for each of them at once',
    async (type) => {
      const folder = await copyOf(dumped);
      const files = await filesOf(folder, type);
      for (const [number, file] of files.entries()) await flipBit(join(folder, file), 17 + 23 * number);
      const { faults } = await verified(folder);
      const named = faults.flatMap(({ fault }) => ('file' in fault ? [fault.file] : []));
      expect(named.toSorted()).toEqual(files.toSorted());
    },
  );

  it.each([
    ['in the header of a pack', -20, 'the MAC of its header is wrong'],
    ['in the length of that header', -1, 'the length of its header is wrong'],
  ])('%s is found, and touches nothing, as the index says the same', async (_, at, what) => {
    const folder = await copyOf(dumped);
    const { file } = await placeOfBlob(folder, { snapshot: kept.container, path: '/lxc/205/vzdump.log' });
    await flipBit(join(folder, file), at);
    const report = await verified(folder);
    expect(report.faults).toEqual([
      {
        fault: { kind: 'pack', file, whats: ['the content does not match the name', what], blobs: [] },
        touches: [],
      },
    ]);
    expect(wholeOnes(report)).toEqual(allBut());
    expect(report.counts.readPacks).toBe(8);
  });

  it('in an index leaves blobs that no other one names: the index touches the snapshots that need them', async () => {
    const folder = await copyOf(dumped);
    const touched: string[] = [];
    for (const file of await filesOf(folder, 'index')) {
      await flipBit(join(folder, file), 100);
      const report = await verified(folder, { reading: { kind: 'structure' } });
      const [index, unindexed, ...others] = report.faults;
      expect(index?.fault).toEqual({ kind: 'file', file, what: 'the content does not match the name' });
      expect(unindexed?.fault.kind).toBe('unindexed');
      expect(others).toEqual([]);
      expect(index?.touches).toEqual(unindexed?.touches);
      expect(report.counts.unindexedPacks).toBe(2);
      touched.push(...(index?.touches ?? []).map(({ snapshot }) => snapshot));
      await flipBit(join(folder, file), 100);
    }
    expect(new Set(touched)).toEqual(allBut());
  });

  it('in a snapshot is found by its name, and the others are checked all the same', async () => {
    const folder = await copyOf(dumped);
    await flipBit(join(folder, `snapshots/${kept.mail}`), 30);
    const report = await verified(folder);
    expect(report.faults).toEqual([
      {
        fault: { kind: 'file', file: `snapshots/${kept.mail}`, what: 'the content does not match the name' },
        touches: [{ snapshot: kept.mail, paths: [], morePaths: 0 }],
      },
    ]);
    expect(wholeOnes(report)).toEqual(allBut('mail'));
  });

  it('in a key beside the one that opens the repository is found, and touches nothing', async () => {
    const folder = await copyOf(dumped);
    const name = 'ab'.repeat(32);
    const [good = ''] = await filesOf(folder, 'keys');
    await cp(join(folder, good), join(folder, 'keys', name));
    const report = await verified(folder, { reading: { kind: 'structure' } });
    expect(report.faults).toEqual([
      {
        fault: { kind: 'file', file: `keys/${name}`, what: 'the content does not match the name' },
        touches: [],
      },
    ]);
    expect(wholeOnes(report)).toEqual(allBut());
  });
});

describe('a pack', () => {
  it.each(['structure', 'read-data'] as const)(
    'that is missing is found by %s, with each blob that was in it',
    async (kind) => {
      const folder = await copyOf(dumped);
      const { file, id } = await placeOfBlob(folder, { snapshot: kept.web, path: DISK });
      await rm(join(folder, file));
      const { faults, ...report } = await verified(folder, { reading: { kind } });
      expect(faults).toHaveLength(1);
      expect(faults[0]?.fault).toMatchObject({ kind: 'pack', file, whats: ['the file is missing'] });
      expect(faults[0]?.fault).toMatchObject({
        blobs: expect.arrayContaining([expect.objectContaining({ id, what: 'it is not in the file' })]),
      });
      expect(faults[0]?.touches.map(({ snapshot }) => snapshot)).toEqual([kept.web]);
      expect(wholeOnes({ faults, ...report })).toEqual(allBut('web'));
    },
  );

  it('that is cut short is found without reading it: blobs before the cut are not among the lost', async () => {
    const folder = await copyOf(dumped);
    const first = await placeOfBlob(folder, { snapshot: kept.foreign, path: '/notes' });
    const second = await placeOfBlob(folder, { snapshot: kept.foreign, path: '/notes', place: 1 });
    await truncate(join(folder, first.file), Math.max(first.offset, second.offset) + 10);
    const report = await verified(folder, { reading: { kind: 'structure' } });
    const later = first.offset > second.offset ? first : second;
    expect(report.faults.map(({ fault }) => fault)).toEqual([
      expect.objectContaining({
        file: first.file,
        blobs: [{ type: 'data', id: later.id, offset: later.offset, what: 'it is not in the file' }],
      }),
    ]);
    expect(wholeOnes(report)).toEqual(allBut('foreign'));
  });

  it('of a snapshot that was not named is not looked at', async () => {
    const folder = await copyOf(dumped);
    const { file } = await placeOfBlob(folder, { snapshot: kept.foreign, path: '/notes' });
    await rm(join(folder, file));
    const report = await verified(folder, { ids: [kept.web] });
    expect(report).toMatchObject({ scope: 'snapshots', faults: [], counts: { packs: 3, readPacks: 3 } });
    expect(wholeOnes(report)).toEqual(new Set([kept.web]));
  });

  it('that no index names is read by its own header', async () => {
    const folder = await copyOf(dumped);
    const { file } = await placeOfBlob(folder, { snapshot: kept.foreign, path: '/notes' });
    for (const index of await filesOf(folder, 'index')) await rm(join(folder, index));
    expect((await verified(folder)).counts).toMatchObject({ packs: 0, unindexedPacks: 8, readPacks: 8 });
    await flipBit(join(folder, file), 50);
    const { faults } = await verified(folder);
    expect(faults.map(({ fault }) => fault)).toContainEqual(
      expect.objectContaining({ file, blobs: [expect.objectContaining({ what: 'its MAC is wrong' })] }),
    );
  });
});
