import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BlobIndex } from '../../src/repository/blob-index.ts';
import {
  type BlobId,
  type BlobType,
  blobId,
  type FileId,
  parseFileId,
} from '../../src/repository/object-id.ts';

const id = (number: number): BlobId => blobId(new Uint8Array(hash('sha256', String(number), 'buffer')));
const pack = (number: number): FileId => parseFileId(hash('sha256', `pack ${number}`, 'hex')) as FileId;
const entry = (number: number, type: BlobType = 'data') => ({
  id: id(number),
  type,
  offset: number,
  length: number + 1,
  uncompressedLength: number % 3,
});

describe('the index in memory', () => {
  it('finds each of 100,000 blobs in its place, and no other', () => {
    const index = new BlobIndex();
    for (let number = 0; number < 1000; number++)
      index.add({
        id: pack(number),
        entries: Array.from({ length: 100 }, (_, i) => entry(number * 100 + i)),
      });
    expect(index.size).toBe(100_000);
    expect(index.packCount).toBe(1000);
    for (let number = 0; number < 100_000; number++) {
      const { id: _id, ...place } = entry(number);
      const found = index.find(id(number), 'data');
      if (found?.offset !== number || number % 997 === 0)
        expect(found).toEqual({ ...place, pack: pack(Math.floor(number / 100)) });
    }
    for (let number = 100_000; number < 110_000; number++) expect(index.has(id(number), 'data')).toBe(false);
  });

  it('holds a data blob and a tree blob of the same bytes apart', () => {
    const index = new BlobIndex();
    index.add({ id: pack(1), entries: [entry(1, 'data')] });
    expect(index.has(id(1), 'tree')).toBe(false);
    index.add({ id: pack(2), entries: [entry(1, 'tree')] });
    expect(index.find(id(1), 'data')?.pack).toBe(pack(1));
    expect(index.find(id(1), 'tree')?.pack).toBe(pack(2));
    expect(index.size).toBe(2);
  });

  it('keeps the first place of a blob that is stored twice', () => {
    const index = new BlobIndex();
    index.add({ id: pack(1), entries: [entry(1)] });
    index.add({ id: pack(2), entries: [{ ...entry(1), offset: 99 }, entry(2)] });
    expect(index.find(id(1), 'data')).toMatchObject({ pack: pack(1), offset: 1 });
    expect(index.size).toBe(2);
    expect(index.hasPack(pack(2))).toBe(true);
    expect(index.hasPack(pack(3))).toBe(false);
  });

  it('finds ids that begin alike', () => {
    const index = new BlobIndex();
    const alike = Array.from({ length: 1000 }, (_, i) => {
      const bytes = new Uint8Array(32);
      new DataView(bytes.buffer).setUint32(28, i);
      return { ...entry(i), id: blobId(bytes) };
    });
    index.add({ id: pack(1), entries: alike });
    for (const { id: blob, offset } of alike) expect(index.find(blob, 'data')?.offset).toBe(offset);
  });

  it('holds places up to the end of 4 GiB', () => {
    const index = new BlobIndex();
    const last = { ...entry(1), offset: 2 ** 32 - 1, length: 2 ** 32 - 1, uncompressedLength: 2 ** 32 - 1 };
    index.add({ id: pack(1), entries: [last] });
    const { id: _id, ...place } = last;
    expect(index.find(id(1), 'data')).toEqual({ ...place, pack: pack(1) });
  });
});
