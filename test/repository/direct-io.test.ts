import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageAligned } from '../../src/repository/page-aligned.ts';
import { SequentialReads } from '../../src/repository/sequential-reads.ts';
import { writeDirect } from '../../src/repository/write-direct.ts';
import { noise } from './noise.ts';
import { temporaryFolder } from './sample-repository.ts';

const MIB = 1 << 20;

/** Shared memory with noise in all of it, and a view of so many bytes. */
function shared(length: number, from = 0): Uint8Array {
  const memory = new Uint8Array(pageAligned(from + length + 8192));
  memory.set(noise(memory.length, 1));
  return memory.subarray(from, from + length);
}

describe('a large file written past the cache', () => {
  it.each([
    ['whole blocks', 4 * MIB],
    ['a part of a block at its end', 3 * MIB + 777],
    ['one byte more than blocks', MIB + 1],
  ])('has its bytes and no more: %s', async (_, length) => {
    const path = join(await temporaryFolder(), 'pack');
    const bytes = shared(length);
    expect(await writeDirect(path, bytes)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(Buffer.compare(await readFile(path), Buffer.from(bytes))).toBe(0);
  });

  it.each([
    ['they are few', shared(MIB - 1)],
    ['their memory is not shared', noise(2 * MIB, 2)],
    ['they do not begin with a page', shared(2 * MIB, 16)],
    ['there is no memory behind them to write', new Uint8Array(new SharedArrayBuffer(2 * MIB + 1))],
  ])('is left to others when %s', async (_, bytes) => {
    const path = join(await temporaryFolder(), 'pack');
    expect(await writeDirect(path, bytes)).toBe(false);
    expect(existsSync(path)).toBe(false);
  });

  it('leaves nothing on a file system, or from memory, that cannot do it', async () => {
    const path = join(await temporaryFolder(), 'pack');
    // What glibc gives begins 16 bytes into a page.
    const bytes = new Uint8Array(new SharedArrayBuffer(2 * MIB + 4096), 0, 2 * MIB);
    const done = await writeDirect(path, bytes);
    expect(existsSync(path)).toBe(done);
  });

  it('does not replace a file', async () => {
    const path = join(await temporaryFolder(), 'pack');
    writeFileSync(path, 'there');
    await expect(writeDirect(path, shared(2 * MIB))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path, 'utf8')).toBe('there');
  });
});

describe('ranges of packs', () => {
  it('are those of the file, in whatever order and however many at once they are read', async () => {
    const folder = await temporaryFolder();
    const files = [11 * MIB + 5, 4 * MIB, 3].map((length, index) => {
      const path = join(folder, String(index));
      const bytes = noise(length, index + 3);
      writeFileSync(path, bytes);
      return { path, bytes };
    });
    const range = fc.record({
      file: fc.nat(files.length - 1),
      offset: fc.nat(12 * MIB),
      length: fc.oneof(fc.nat(300_000), fc.nat(3 * MIB)),
    });
    const isRead = async (reads: SequentialReads, { file, offset, length }: RangeOfFile) => {
      const { path, bytes } = files[file] ?? { path: '', bytes: new Uint8Array() };
      const read = await reads.read(path, offset, length);
      return Buffer.compare(read, bytes.subarray(offset, offset + length)) === 0;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 30 }), fc.boolean(), async (ranges, isAscending) => {
        const reads = new SequentialReads();
        const ordered = isAscending ? ranges.toSorted((a, b) => a.offset - b.offset) : ranges;
        const found = await Promise.all(ordered.map((one) => isRead(reads, one)));
        return found.every((one) => one);
      }),
      { numRuns: 60 },
    );
  });

  it('are read from many files side by side without holding more than their windows', async () => {
    const folder = await temporaryFolder();
    const files = Array.from({ length: 12 }, (_, index) => {
      const path = join(folder, String(index));
      const bytes = noise(5 * MIB, index + 1);
      writeFileSync(path, bytes);
      return { path, bytes };
    });
    const reads = new SequentialReads();
    for (let offset = 0; offset < 5 * MIB; offset += 256 * 1024) {
      const found = await Promise.all(files.map(({ path }) => reads.read(path, offset, 256 * 1024)));
      const differing = found.filter(
        (bytes, index) =>
          Buffer.compare(bytes, files[index]?.bytes.subarray(offset, offset + bytes.length) ?? bytes) !== 0,
      );
      expect(differing).toEqual([]);
    }
  });

  it('are told to be missing as the system does', async () => {
    const folder = await temporaryFolder();
    const reads = new SequentialReads();
    await expect(reads.read(join(folder, 'none'), 0, 10)).rejects.toMatchObject({ code: 'ENOENT' });
    mkdirSync(join(folder, 'folder'));
    await expect(reads.read(join(folder, 'folder'), 0, 10)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

interface RangeOfFile {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}
