import { describe, expect, it } from 'vitest';
import { BlobList } from '../../src/repository/blob-list.ts';
import { type BlobId, blobId } from '../../src/repository/object-id.ts';

const id = (number: number): BlobId => {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32BE(number, 28);
  return blobId(new Uint8Array(bytes));
};

describe('a list of blobs', () => {
  it.each([
    ['nothing', 0, () => 0],
    ['one', 1, () => 1],
    ['one below a segment', 4095, (at: number) => at],
    ['a segment', 4096, (at: number) => at],
    ['more than two', 10_000, (at: number) => at],
    ['a run of zeros that fills segments', 10_000, () => 0],
    ['a run with one other in the middle of a segment', 10_000, (at: number) => (at === 6000 ? 1 : 0)],
    ['a run with another at the end of a segment', 8192, (at: number) => (at === 4095 ? 1 : 0)],
    ['a run that begins in the middle', 12_288, (at: number) => (at < 2000 ? at : 7)],
  ])('of %s (%d) gives back each in its place', (_, length, pick) => {
    const list = new BlobList();
    for (let at = 0; at < length; at++) list.push(id(pick(at)));
    expect(list.length).toBe(length);
    const places = [...list].map((blob) => Buffer.from(blob).readUInt32BE(28));
    expect(places).toEqual(Array.from({ length }, (_item, at) => pick(at)));
    expect(list.at(length)).toBeUndefined();
    expect(list.at(-1)).toBeUndefined();
  });

  it('keeps four million equal ids in less than 8 MiB', () => {
    const list = new BlobList();
    const before = process.memoryUsage().arrayBuffers;
    const zeros = id(0);
    for (let at = 0; at < 4_000_000; at++) list.push(zeros);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
    expect(list.at(3_999_999)).toEqual(zeros);
  });
});
