/** What is read of a repository while a disk is read: each blob once, a few ahead, never too many at once. */
import { describe, expect, it } from 'vitest';
import { noise } from '../repository/noise.ts';
import { cut, memoryDisk, nameAt, readBytes } from './memory-disk.ts';

const CHUNK = 256 << 10;
const MIB = 1 << 20;

describe('a range of a disk', () => {
  it.each([
    ['chunks', [4096]],
    ['smaller blobs among them', [4096, 512, 512, 3072]],
    ['blobs of any length', [3001, 17, 1, 9999]],
  ])('is what was backed up, over the borders of %s', async (_, lengths) => {
    const bytes = Buffer.from(noise(60_000, 5));
    bytes.fill(0, 8192, 24_000);
    const { reader } = await memoryDisk(bytes, lengths);
    for (const [offset, length] of [
      [0, 60_000],
      [1, 1],
      [4095, 2],
      [59_999, 1],
      [5000, 30_000],
      [8192, 0],
    ] as const)
      expect((await readBytes(reader, offset, length)).equals(bytes.subarray(offset, offset + length))).toBe(
        true,
      );
  });

  it('of zeros is known without reading', async () => {
    const { reader, reads } = await memoryDisk(Buffer.alloc(4 * CHUNK), [CHUNK]);
    expect(await reader.read(100, 2 * CHUNK)).toEqual([
      { kind: 'zeros', length: CHUNK - 100 },
      { kind: 'zeros', length: CHUNK },
      { kind: 'zeros', length: 100 },
    ]);
    expect(reads).toEqual([]);
  });

  it('of a few bytes does not keep the rest of its blob in memory', async () => {
    const { reader } = await memoryDisk(Buffer.from(noise(CHUNK, 1)), [CHUNK]);
    const [piece] = await reader.read(10, 512);
    expect(piece?.kind === 'data' && piece.bytes.buffer.byteLength).toBe(512);
  });
});

describe('a blob', () => {
  it('is read once, however many ask for it at the same moment and soon after', async () => {
    const { reader, reads } = await memoryDisk(Buffer.from(noise(CHUNK, 1)), [CHUNK], { readMs: 10 });
    await Promise.all(Array.from({ length: 50 }, (_, nth) => reader.read(nth * 512, 512)));
    await reader.read(0, CHUNK);
    expect(reads).toHaveLength(1);
  });

  it('is read again when 64 MiB of others came between', async () => {
    const { reader, reads } = await memoryDisk(Buffer.from(noise(70 * MIB, 1)), [MIB]);
    for (let nth = 0; nth < 70; nth += 2) await reader.read(nth * MIB, 1);
    for (let nth = 69; nth > 0; nth -= 2) await reader.read(nth * MIB, 1);
    const before = reads.length;
    await reader.read(0, 1);
    expect(reads.slice(before)).toContain(reads[0]);
  });

  it('that could not be read is tried again, and the others are not affected', async () => {
    const bytes = Buffer.from(noise(4 * CHUNK, 2));
    const { reader, damage, repair } = await memoryDisk(bytes, [CHUNK]);
    damage(1);
    const { ids } = cut(bytes, [CHUNK]);
    await expect(reader.read(0, 4 * CHUNK)).rejects.toThrow(nameAt(ids, 1));
    expect(await readBytes(reader, 2 * CHUNK, CHUNK)).toEqual(bytes.subarray(2 * CHUNK, 3 * CHUNK));
    repair();
    expect(await readBytes(reader, CHUNK, CHUNK)).toEqual(bytes.subarray(CHUNK, 2 * CHUNK));
  });
});

describe('reading ahead', () => {
  it('begins at the second blob, and has 4 MiB at hand', async () => {
    const { reader, reads } = await memoryDisk(Buffer.from(noise(12 * MIB, 1)), [CHUNK]);
    await reader.read(0, 4096);
    expect(reads).toHaveLength(1);
    await reader.read(CHUNK, 4096);
    expect(reads).toHaveLength(1 + 1 + 16);
  });

  it('does not happen for what is read here and there', async () => {
    const { reader, reads } = await memoryDisk(Buffer.from(noise(12 * MIB, 1)), [CHUNK]);
    for (const chunk of [40, 3, 17, 30, 9]) await reader.read(chunk * CHUNK, 4096);
    expect(reads).toHaveLength(5);
  });

  it('says nothing of damage that nobody has asked for yet', async () => {
    const { reader, damage } = await memoryDisk(Buffer.from(noise(2 * MIB, 1)), [CHUNK]);
    damage(3);
    await reader.read(0, 1);
    await reader.read(CHUNK, 1);
    await expect(reader.read(3 * CHUNK, 1)).rejects.toThrow('the test says so');
  });
});

it('never reads more than 32 MiB at once', async () => {
  const { reader, mostAtOnce } = await memoryDisk(Buffer.from(noise(80 * MIB, 1)), [MIB], { readMs: 2 });
  await Promise.all(Array.from({ length: 80 }, (_, nth) => reader.read(nth * MIB, MIB)));
  expect(mostAtOnce()).toBe(32 * MIB);
});
