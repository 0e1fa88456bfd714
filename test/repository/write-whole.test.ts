import type { FileHandle } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { writeWhole } from '../../src/repository/write-whole.ts';

it.each([1, 3, 100])('goes on where a file took %d bytes at a time', async (most) => {
  const file = Buffer.alloc(20, '.');
  const write = async (bytes: Uint8Array, at: number, length: number, offset: number) => {
    const taken = Math.min(most, length);
    file.set(bytes.subarray(at, at + taken), offset);
    return { bytesWritten: taken, buffer: bytes };
  };
  await writeWhole({ write } as unknown as FileHandle, Buffer.from('0123456789'), 5);
  expect(file.toString()).toBe('.....0123456789.....');
});
