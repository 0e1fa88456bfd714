import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { BlobSet } from '../../src/repository/blob-set.ts';
import { blobId, toHex } from '../../src/repository/object-id.ts';

function idOf(number: number) {
  return blobId(new Uint8Array(createHash('sha256').update(String(number)).digest()));
}

it('a set of blob ids holds each once, in the order in which they came, however many there are', () => {
  const set = new BlobSet();
  const count = 10_000;
  for (let number = 0; number < count; number++) expect(set.add(idOf(number))).toBe(true);
  for (let number = 0; number < count; number++) expect(set.add(idOf(number))).toBe(false);
  expect(set.size).toBe(count);
  expect([...set].map((id) => toHex(id))).toEqual(Array.from({ length: count }, (_, i) => toHex(idOf(i))));
  expect(set.has(idOf(count - 1))).toBe(true);
  expect(set.has(idOf(count))).toBe(false);
});

it('ids whose first bytes are equal are told apart', () => {
  const set = new BlobSet();
  const ids = [1, 2, 3].map((last) => blobId(new Uint8Array(32).fill(last, 31)));
  for (const id of ids) set.add(id);
  expect(set.size).toBe(3);
  expect(set.has(blobId(new Uint8Array(32)))).toBe(false);
});
