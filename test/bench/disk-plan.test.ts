import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ContentPool, makePool } from './content-pool.ts';
import { type DiskPlan, dataBytes, diskReader, planDisk, poolBytes, rewrite, scatter } from './disk-plan.ts';
import { expectDisk, writeVmStream } from './vm-stream.ts';

const MIB = 1 << 20;
const CLUSTER = 65536;
let folder: string;
let pool: ContentPool;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pvebak-bench-test-'));
  pool = makePool(join(folder, 'pool'), { folder: import.meta.dirname, bytes: MIB, seed: 'a' });
});

afterAll(() => {
  pool[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

describe('the disk of the bench', () => {
  const disk = planDisk(256 * MIB, 'a');

  it('is the same for the same seed, and another one for another', () => {
    expect(planDisk(256 * MIB, 'a')).toEqual(disk);
    expect(planDisk(256 * MIB, 'b')).not.toEqual(disk);
  });

  it('is 40 % zeros, 20 % random, and files for the rest', () => {
    const shareOf = (kind: string) =>
      disk.base.reduce((sum, { content, length }) => sum + (content.kind === kind ? length : 0), 0) /
      disk.size;
    expect(shareOf('zeros')).toBeCloseTo(0.4, 1);
    expect(shareOf('random')).toBeCloseTo(0.2, 1);
    expect(shareOf('files')).toBeCloseTo(0.4, 1);
  });

  it('can be read anywhere, in any order', () => {
    const read = diskReader(disk, pool);
    const forward = bytesOf(disk, read, [100, 101, 102]);
    expect(bytesOf(disk, read, [102, 100, 101])).toEqual([forward[2], forward[0], forward[1]]);
  });

  it('uses no part of the pool twice', () => {
    const second = rewrite(disk, 0.01, 'a');
    const used = [...disk.base, ...second.written].flatMap(({ content, length }) =>
      content.kind === 'files' ? [{ from: content.from, to: content.from + length }] : [],
    );
    const sorted = used.toSorted((a, b) => a.from - b.from);
    expect(sorted.every(({ from }, index) => from >= (sorted[index - 1]?.to ?? 0))).toBe(true);
    expect(poolBytes(second)).toBe(sorted.at(-1)?.to);
  });
});

describe('a second generation', () => {
  const disk = planDisk(256 * MIB, 'a');

  it('has 1 % of the data rewritten, half of it in pieces of 64 KiB', () => {
    const { written } = rewrite(disk, 0.01, 'a');
    const bytes = (segments: DiskPlan['written']) => segments.reduce((sum, { length }) => sum + length, 0);
    expect(bytes(written) / dataBytes(disk)).toBeCloseTo(0.01, 3);
    expect(bytes(written.filter(({ length }) => length <= CLUSTER)) / bytes(written)).toBeCloseTo(0.5, 1);
  });

  it('differs nowhere else', () => {
    const disk = planDisk(32 * MIB, 'a');
    const second = rewrite(disk, 0.05, 'a');
    const touched = new Set(
      second.written.flatMap(({ offset, length }) =>
        range(Math.floor(offset / CLUSTER), Math.floor((offset + length - 1) / CLUSTER)),
      ),
    );
    const others = range(0, disk.size / CLUSTER - 1).filter((cluster) => !touched.has(cluster));
    expect(bytesOf(second, diskReader(second, pool), others)).toEqual(
      bytesOf(disk, diskReader(disk, pool), others),
    );
  });

  it('has random writes of 4 KiB beside it', () => {
    const { written } = scatter(disk, MIB, 'a');
    expect(written.map(({ length }) => length)).toEqual(Array.from({ length: 256 }, () => 4096));
  });
});

describe('the stream of a backup', () => {
  const first = planDisk(8 * MIB, 'a');
  const disk = scatter(first, 64 << 10, 'a');

  it('holds the disk, as the reader of the lab finds', async () => {
    const file = join(folder, 'stream');
    await writeVmStream(file, { disk, pool, vmid: 101, seed: 'a' });
    await expect(expectDisk(file, { disk, pool })).resolves.toBeUndefined();
    await expect(expectDisk(file, { disk: first, pool })).rejects.toThrow('has other bytes at');
  });
});

function bytesOf(
  disk: DiskPlan,
  read: ReturnType<typeof diskReader>,
  clusters: readonly number[],
): readonly string[] {
  return clusters.map((cluster) => {
    const bytes = Buffer.alloc(Math.min(CLUSTER, disk.size - cluster * CLUSTER));
    read(cluster * CLUSTER, bytes);
    return bytes.toString('base64').slice(0, 4000);
  });
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
