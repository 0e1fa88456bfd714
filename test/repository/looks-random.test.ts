import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { looksRandom } from '../../src/repository/looks-random.ts';

const CHUNK = 256 << 10;
const program = readFileSync(process.execPath).subarray(1 << 20, 9 << 20);
const chunks = (bytes: Uint8Array) =>
  Array.from({ length: Math.floor(bytes.length / CHUNK) }, (_, index) =>
    bytes.subarray(index * CHUNK, (index + 1) * CHUNK),
  );
const share = (bytes: Uint8Array) => {
  const all = chunks(bytes);
  return all.filter(looksRandom).length / all.length;
};

describe('bytes look random', () => {
  it('when they are', () => {
    expect(share(randomBytes(64 * CHUNK))).toBeGreaterThan(0.95);
  });

  it('when they are compressed, mostly', () => {
    expect(share(gzipSync(program))).toBeGreaterThan(0.5);
  });

  it.each<[string, Uint8Array]>([
    ['the machine code of a program', program],
    ['text', Buffer.alloc(8 * CHUNK, 'the quick brown fox jumps over the lazy dog; ')],
    ['zeros', new Uint8Array(4 * CHUNK)],
    ['a kibibyte of noise, again and again', Buffer.alloc(4 * CHUNK, randomBytes(1024))],
    ['every byte in turn', Uint8Array.from({ length: 4 * CHUNK }, (_, index) => index)],
  ])('not when they are %s', (_, bytes) => {
    expect(share(bytes)).toBeLessThan(0.02);
  });

  it('never when they are few', () => {
    expect(looksRandom(randomBytes(4096))).toBe(false);
  });
});
