/** Files that the storage does not give: whether they are whole is not known, and they must not keep the others from being read. */
import { mkdir, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/repository/backend.ts';
import { withInspection } from '../../src/repository/inspection.ts';
import { unreadable } from '../../src/repository/storage-error.ts';
import type { VerifyReport } from '../../src/verify/verify-report.ts';
import { verifyRepository } from '../../src/verify/verify-repository.ts';
import { DumpedFiles, PASSWORD } from '../apply/dumped-file.ts';
import { openFolder } from '../repository/sample-repository.ts';
import { userErrorOf } from '../repository/user-error-of.ts';
import {
  copyOf,
  filesOf,
  flipBit,
  type Kept,
  keepGuests,
  placeOfBlob,
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
const IO_ERROR = 'it cannot be read: input/output error (EIO)';

/** A sector of a file, or all of it. */
interface BadSector {
  /** `data/ab/<64 digits>` */
  readonly file: string;
  readonly at?: number;
}

function onBadDisk(backend: Backend, { file, at }: BadSector): Backend {
  const refuse: (...asked: Parameters<Backend['load']>) => void = (asked, range) => {
    const name = 'name' in asked ? asked.name : 'config';
    const holds =
      at === undefined || range === undefined || (range.offset <= at && at < range.offset + range.length);
    if (name === basename(file) && holds) throw unreadable(`${backend.where}/${file}`, 'EIO');
  };
  return {
    ...backend,
    async load(asked, range) {
      refuse(asked, range);
      return backend.load(asked, range);
    },
    async loadIfPresent(asked) {
      refuse(asked);
      return backend.loadIfPresent(asked);
    },
  };
}

async function verifiedOnBadDisk(folder: string, sector: BadSector): Promise<VerifyReport> {
  const repository = await openFolder(folder, PASSWORD);
  const bad = { ...repository, backend: onBadDisk(repository.backend, sector) };
  const { signal } = new AbortController();
  return withInspection(bad, { threads: 1, signal }, (inspection) =>
    verifyRepository(inspection, {
      ids: undefined,
      reading: { kind: 'read-data' },
      clock: Date.now,
      onProgress: () => undefined,
      recall: async () => undefined,
    }),
  );
}

describe('a sector that cannot be read', () => {
  it('costs the blob that lies there, by its pack and id, and no other one', async () => {
    const folder = await copyOf(dumped);
    const { file, offset, id } = await placeOfBlob(folder, { snapshot: kept.foreign, path: '/notes' });
    const report = await verifiedOnBadDisk(folder, { file, at: offset + 20 });
    expect(report.faults).toEqual([
      {
        fault: {
          kind: 'pack',
          file,
          whats: [IO_ERROR],
          blobs: [{ type: 'data', id, offset, what: IO_ERROR }],
        },
        touches: [{ snapshot: kept.foreign, paths: ['/notes'], morePaths: 0 }],
      },
    ]);
    expect(report.counts.readPacks).toBe(8);
  });

  it('does not hide what is damaged beside it', async () => {
    const folder = await copyOf(dumped);
    const places = [0, 1].map((place) =>
      placeOfBlob(folder, { snapshot: kept.foreign, path: '/notes', place }),
    );
    const [bad, flipped] = await Promise.all(places);
    if (bad === undefined || flipped === undefined) throw new Error('no two blobs');
    await flipBit(`${folder}/${flipped.file}`, flipped.offset + 20);
    const { faults } = await verifiedOnBadDisk(folder, { file: bad.file, at: bad.offset });
    const blobs = faults.flatMap(({ fault }) => (fault.kind === 'pack' ? fault.blobs : []));
    expect(new Map(blobs.map(({ id, what }) => [id, what]))).toEqual(
      new Map([
        [bad.id, IO_ERROR],
        [flipped.id, 'its MAC is wrong'],
      ]),
    );
  });
});

describe('a file that cannot be read', () => {
  it.each(['data', 'index', 'snapshots', 'keys'] as const)(
    'of the kind %s is named with what it touches, and all others are looked at',
    async (type) => {
      const folder = await copyOf(dumped);
      const [file = ''] = await filesOf(folder, type);
      const { faults, counts } = await verifiedOnBadDisk(folder, { file });
      expect(faults.map(({ fault }) => fault)).toContainEqual(
        expect.objectContaining({ file, ...(type === 'data' ? { whats: [IO_ERROR] } : { what: IO_ERROR }) }),
      );
      expect(faults.map(({ fault }) => ('file' in fault ? fault.file : file))).toEqual(
        faults.map(() => file),
      );
      expect(counts.readPacks).toBe(type === 'data' ? 7 : 8);
    },
  );

  it('of a disk leaves this one snapshot not whole', async () => {
    const folder = await copyOf(dumped);
    const { file } = await placeOfBlob(folder, { snapshot: kept.web, path: DISK });
    const whole = wholeOnes(await verifiedOnBadDisk(folder, { file }));
    expect(whole).toEqual(new Set([kept.mail, kept.container, kept.foreign]));
  });

  it('is told from a password that is wrong', async () => {
    const folder = await copyOf(dumped);
    const [key = ''] = await filesOf(folder, 'keys');
    await rm(`${folder}/${key}`);
    await mkdir(`${folder}/${key}`);
    const error = await userErrorOf(openFolder(folder, PASSWORD));
    expect(error).toMatchObject({ code: 'repository-read' });
    expect(error.message).toContain(key);
  });
});
