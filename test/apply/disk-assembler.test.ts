import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TakenVm, takeInVm } from '../../src/apply/take-in-vm.ts';
import { CLUSTER_BYTES } from '../../src/formats/vma/block-mask.ts';
import { encodeVmaHeader } from '../../src/formats/vma/encode-vma-header.ts';
import { encodeVmaExtentHeader } from '../../src/formats/vma/extent-header-codec.ts';
import { readVma } from '../../src/formats/vma/read-vma.ts';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import {
  initRepository,
  openRepository,
  type Repository,
  withSession,
} from '../../src/repository/repository.ts';
import type { TakenFile } from '../../src/snapshot/file-builder.ts';
import { ListDigest } from '../../src/snapshot/list-digest.ts';

/** A disk whose clusters come in an order that no memory holds: even ones first, then the odd ones backwards. */
const CLUSTERS = 96;
const SIZE = CLUSTERS * CLUSTER_BYTES - 3 * 512;
const KIB = 1024;

let folder: string;
let repository: Repository;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pvebak-assembler-'));
  const backend = folderBackend(join(folder, 'repository'));
  await initRepository(backend, 'pw', { cost: { N: 1 << 14, r: 8, p: 1 } });
  repository = await openRepository(backend, 'pw');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a disk put together from clusters in any order', () => {
  it.each([
    ['in memory alone', 64 * KIB * KIB, 64 * KIB * KIB, { spilled: false, smaller: false }],
    ['with a spill file', 512 * KIB, 64 * KIB * KIB, { spilled: true, smaller: false }],
    [
      'with a spill file that is full after four clusters',
      512 * KIB,
      256 * KIB,
      { spilled: true, smaller: true },
    ],
    ['without room for any spill', 512 * KIB, 0, { spilled: false, smaller: true }],
  ])('is the disk it was, %s', async (_, memoryBytes, spillBytes, expected) => {
    await withSession(repository, { lock: 'shared' }, async (session) => {
      const taken = await takeInVm(scattered(), {
        writer: session.writer,
        temporaryFolder: folder,
        chunkBytesOf: () => undefined,
        archiveIdentity: () => ({ uuid: new Uint8Array(16), ctime: 0 }),
        memoryBytes,
        spillBytes,
      });
      await session.writer.flush();
      expect({ spilled: taken.spilledPieces > 0, smaller: taken.smallerBlobs > 0 }).toEqual(expected);
      const read = async (file: TakenFile) => {
        const parts = [];
        const digest = new ListDigest();
        for (const id of file.content) {
          const bytes = await session.reader.read('data', id);
          digest.add({ id, length: bytes.length });
          parts.push(bytes);
        }
        expect(digest.hex()).toBe(file.listDigest);
        return Buffer.concat(parts);
      };
      expect(sha256(await read(diskOf(taken)))).toBe(sha256(disk()));
      await expectWholeArchive(await read(taken.archive), taken.archive.size);
      expect(diskOf(taken).size).toBe(SIZE);
    });
  });
});

async function expectWholeArchive(bytes: Uint8Array, size: number): Promise<void> {
  expect(bytes.length).toBe(size);
  const source = (async function* () {
    yield bytes;
  })();
  await expect(Array.fromAsync(readVma(source))).resolves.not.toHaveLength(0);
}

function diskOf(taken: TakenVm): TakenFile {
  const [only] = taken.disks;
  if (only === undefined) throw new Error('no disk');
  return only.file;
}

/** Every third cluster is zeros, every fifth holds one block only. */
function cluster(number: number): Buffer {
  const bytes = Buffer.alloc(CLUSTER_BYTES);
  if (number % 3 === 0) return bytes;
  const noise = createHash('shake256', { outputLength: CLUSTER_BYTES }).update(`cluster ${number}`).digest();
  noise.copy(bytes, 0, 0, number % 5 === 0 ? 4096 : CLUSTER_BYTES);
  return bytes;
}

function disk(): Buffer {
  return Buffer.concat(Array.from({ length: CLUSTERS }, (_, number) => cluster(number))).subarray(0, SIZE);
}

async function* scattered(): AsyncGenerator<Uint8Array> {
  const uuid = new Uint8Array(16).fill(9);
  yield encodeVmaHeader({
    uuid,
    ctime: 0,
    configs: [],
    devices: [{ id: 1, name: 'drive-scsi0', size: SIZE }],
  });
  const even = Array.from({ length: CLUSTERS / 2 }, (_, i) => 2 * i);
  const odd = even.map((number) => number + 1).reverse();
  for (const number of [...even, ...odd]) yield* extentOf(number, uuid);
}

function* extentOf(number: number, uuid: Uint8Array): Generator<Uint8Array> {
  const bytes =
    number === CLUSTERS - 1
      ? Buffer.concat([cluster(number).subarray(0, CLUSTER_BYTES - 3 * 512), Buffer.alloc(3 * 512)])
      : cluster(number);
  const blocks = Array.from({ length: 16 }, (_, i) => bytes.subarray(i * 4096, (i + 1) * 4096));
  const kept = blocks.map((block) => block.some((byte) => byte !== 0));
  const mask = kept.reduce((sum, keep, i) => sum | (keep ? 1 << i : 0), 0);
  const entries = {
    count: 1,
    slots: 1,
    blockCount: kept.filter(Boolean).length,
    devices: Uint8Array.of(1),
    clusters: Uint32Array.of(number),
    masks: Uint16Array.of(mask),
  };
  yield encodeVmaExtentHeader(entries, uuid);
  yield Buffer.concat(blocks.filter((_, i) => kept[i]));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
