/** Which blob holds a byte of a disk, and where its holes are, for every way in which a disk can be cut. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlobTable, buildBlobTable } from '../../src/nbd/blob-table.ts';
import { blockStatus } from '../../src/nbd/block-status.ts';
import { BlobList } from '../../src/repository/blob-list.ts';
import { blobId, toHex } from '../../src/repository/object-id.ts';
import { noise } from '../repository/noise.ts';
import { userErrorOf } from '../repository/user-error-of.ts';
import { cut, nameAt } from './memory-disk.ts';

const KIB = 1024;
const CLUSTER = 64 * KIB;

function tableOf(
  bytes: Buffer,
  lengths: readonly number[],
  lost: readonly string[] = [],
): Promise<BlobTable> {
  const { ids, blobs } = cut(bytes, lengths);
  for (const name of lost) blobs.delete(name);
  return buildBlobTable(ids, {
    name: 'drive-scsi0',
    size: bytes.length,
    lengthOf: (id) => blobs.get(toHex(id))?.length,
  });
}

/** `d` for a cluster of data, `0` for one of zeros. */
function diskOf(plan: string): Buffer {
  return Buffer.concat(
    [...plan].map((kind, nth) => (kind === 'd' ? noise(CLUSTER, nth + 1) : Buffer.alloc(CLUSTER))),
  );
}

function statusOf(table: BlobTable, offset = 0, length = table.size - offset): string {
  return blockStatus(table, { offset, length, onlyOne: false })
    .map((one) => `${one.length / KIB}${one.state === 3 ? 'z' : 'd'}`)
    .join(' ');
}

describe('the blob that holds a byte', () => {
  it.each([
    ['chunks of one size', [4 * KIB]],
    ['a chunk that was stored as smaller blobs', [4 * KIB, 4 * KIB, KIB, KIB, KIB, KIB]],
    ['blobs of any length, as restic cuts them', [3001, 17, 1, 9999, 4096]],
    ['one blob for all', [1 << 30]],
  ])('is found for %s', async (_, lengths) => {
    const bytes = Buffer.from(noise(100_000, 7));
    const table = await tableOf(bytes, lengths);
    const { ids, blobs } = cut(bytes, lengths);
    for (let offset = 0; offset < bytes.length; offset += 77) {
      const { position, start, length } = table.blobAt(offset);
      expect(offset).toBeGreaterThanOrEqual(start);
      expect(offset).toBeLessThan(start + length);
      expect(blobs.get(nameAt(ids, position))?.equals(bytes.subarray(start, start + length))).toBe(true);
    }
  });

  it('is found whatever the lengths are', async () => {
    const lengthLists = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(lengthLists, fc.integer({ min: 1, max: 5000 }), async (lengths, size) => {
        const table = await tableOf(Buffer.from(noise(size, size)), lengths);
        let start = 0;
        for (let position = 0; start < size; position++) {
          const length = Math.min(lengths[position % lengths.length] ?? 0, size - start);
          const expected = { position, start, length };
          expect(table.blobAt(start)).toMatchObject(expected);
          expect(table.blobAt(start + length - 1)).toMatchObject(expected);
          start += length;
        }
        expect(() => table.blobAt(size)).toThrow(RangeError);
      }),
    );
  });

  it('is found on a disk of 8 TiB, which takes a few bytes where its chunks are equal', async () => {
    const id = blobId(new Uint8Array(32).fill(1));
    const length = 3 << 20;
    const count = 2 ** 43 / length;
    const ids = { length: Math.floor(count), at: () => id };
    const size = ids.length * length;
    const table = await buildBlobTable(ids, { name: 'vast', size, lengthOf: () => length });
    expect(table.blobAt(size - 1)).toMatchObject({ position: ids.length - 1, start: size - length });
  });
});

describe('holes', () => {
  it.each([
    ['d', '64d'],
    ['0', '64z'],
    ['dd00d', '128d 128z 64d'],
    ['0d0d', '64z 64d 64z 64d'],
  ])('of %s are %s', async (plan, expected) => {
    expect(statusOf(await tableOf(diskOf(plan), [CLUSTER]))).toBe(expected);
  });

  it('begin and end where the question does', async () => {
    const table = await tableOf(diskOf('d00d'), [CLUSTER]);
    expect(statusOf(table, 96 * KIB, 64 * KIB)).toBe('64z');
    expect(statusOf(table, 32 * KIB, 64 * KIB)).toBe('32d 32z');
  });

  it('are joined where neighbours have other lengths, also at the end of a disk of odd size', async () => {
    const bytes = Buffer.alloc(5 * CLUSTER + 512);
    expect(statusOf(await tableOf(bytes, [2 * CLUSTER, CLUSTER]))).toBe('320.5z');
  });

  it('are told one at a time when one is asked for', async () => {
    const table = await tableOf(diskOf('d0d'), [CLUSTER]);
    const only = blockStatus(table, { offset: 0, length: 3 * CLUSTER, onlyOne: true });
    expect(only).toEqual([{ length: CLUSTER, state: 0 }]);
  });

  it('are told 16,384 at a time at most, so that a reply stays small', async () => {
    const zeros = cut(Buffer.alloc(CLUSTER), [CLUSTER]).ids.at(0) ?? blobId(new Uint8Array(32));
    const data = blobId(new Uint8Array(32).fill(9));
    const ids = { length: 40_000, at: (position: number) => (position % 2 === 0 ? zeros : data) };
    const disk = { name: 'x', size: 40_000 * CLUSTER, lengthOf: () => CLUSTER };
    const table = await buildBlobTable(ids, disk);
    const told = blockStatus(table, { offset: 0, length: 40_000 * CLUSTER, onlyOne: false });
    expect(told).toHaveLength(16_384);
  });
});

describe('a blob that no index names', () => {
  const bytes = Buffer.from(noise(4 * CLUSTER, 3));
  const { ids } = cut(bytes, [CLUSTER]);

  it('leaves the rest of the disk where it is', async () => {
    const table = await tableOf(bytes, [CLUSTER], [nameAt(ids, 0), nameAt(ids, 2)]);
    expect(table.blobAt(3 * CLUSTER)).toMatchObject({ position: 3, start: 3 * CLUSTER });
  });

  it('is named when the rest can’t be placed without it', async () => {
    const uneven = cut(bytes, [CLUSTER, 5 * KIB]).ids;
    const error = await userErrorOf(tableOf(bytes, [CLUSTER, 5 * KIB], [nameAt(uneven, 1)]));
    expect(error).toMatchObject({ code: 'repository-damaged' });
    expect(error.message).toContain(nameAt(uneven, 1));
  });
});

it.each([
  ['shorter than its blobs', CLUSTER, `its blobs hold ${2 * CLUSTER} bytes, and it has ${CLUSTER}`],
  ['longer than its blobs', 3 * CLUSTER, `its blobs hold ${2 * CLUSTER} bytes`],
])('a disk that is %s is damaged', async (_, size, message) => {
  const { ids } = cut(Buffer.from(noise(2 * CLUSTER, 1)), [CLUSTER]);
  const error = await userErrorOf(
    buildBlobTable(ids, { name: 'drive-scsi0', size, lengthOf: () => CLUSTER }),
  );
  expect(error).toMatchObject({ code: 'repository-damaged', message: expect.stringContaining(message) });
});

it('a blob of more than 32 MiB is refused', async () => {
  const ids = BlobList.of(blobId(new Uint8Array(32)));
  const size = 33 << 20;
  const error = await userErrorOf(buildBlobTable(ids, { name: 'drive-scsi0', size, lengthOf: () => size }));
  expect(error.message).toContain('is larger than is accepted');
});
