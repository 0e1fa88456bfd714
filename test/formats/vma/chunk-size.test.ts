import { expect, it } from 'vitest';
import { chunkSizeFor } from '../../../src/formats/vma/chunk-size.ts';

const GIB = 1024 ** 3;

it.each([
  ['an EFI disk', 540672, 256 * 1024],
  ['64 GiB', 64 * GIB, 256 * 1024],
  ['a little more', 64 * GIB + 512, 1024 * 1024],
  ['1 TiB', 1024 * GIB, 1024 * 1024],
  ['a little more than that', 1024 * GIB + 512, 3 * 1024 * 1024],
  ['8 TiB', 8192 * GIB, 3 * 1024 * 1024],
])('a disk of %s is stored in chunks that divide 3 MiB', (_, diskBytes, chunkSize) => {
  expect(chunkSizeFor(diskBytes)).toBe(chunkSize);
  expect((3 * 1024 * 1024) % chunkSize).toBe(0);
});

it('has no chunks for a disk above 8 TiB', () => {
  expect(() => chunkSizeFor(8192 * GIB + 512)).toThrow(RangeError);
});
