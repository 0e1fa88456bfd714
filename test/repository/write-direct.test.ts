import { existsSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pageAligned } from '../../src/repository/page-aligned.ts';
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
