import { describe, expect, it } from 'vitest';
import { encryptionReady } from '../../src/repository/encryption.ts';
import { encodeIndexFile, type IndexedPack, parseIndexFile } from '../../src/repository/index-file.ts';
import { newMasterKey } from '../../src/repository/key-file.ts';
import { loadIndex } from '../../src/repository/load-index.ts';
import { blobId, type FileId, parseFileId } from '../../src/repository/object-id.ts';
import { saveUnpacked } from '../../src/repository/unpacked-file.ts';
import { MemoryBackend } from './memory-backend.ts';

const NAME = 'ab'.repeat(32);
const fileId = (digits: string): FileId => {
  const id = parseFileId(digits.repeat(32));
  if (id === undefined) throw new Error(`no id: ${digits}`);
  return id;
};
const blob = (first: number) => ({
  id: blobId(new Uint8Array(32).fill(first)),
  type: 'data' as const,
  offset: 0,
  length: 100,
  uncompressedLength: 0,
});
const PACKS: readonly IndexedPack[] = [
  { id: fileId('aa'), entries: [blob(1), { ...blob(2), type: 'tree', offset: 100, uncompressedLength: 7 }] },
  { id: fileId('bb'), entries: [] },
];

describe('an index file', () => {
  it('is read as it was written', () => {
    expect(parseIndexFile(encodeIndexFile(PACKS), NAME)).toEqual({ supersedes: [], packs: PACKS });
  });

  it('names a length before compression only for compressed blobs', () => {
    const [first, second] = JSON.parse(Buffer.from(encodeIndexFile(PACKS)).toString()).packs[0].blobs;
    expect(Object.keys(first)).toEqual(['id', 'type', 'offset', 'length']);
    expect(second).toEqual({
      id: '02'.repeat(32),
      type: 'tree',
      offset: 100,
      length: 100,
      uncompressed_length: 7,
    });
  });

  it('may say that it supersedes others, or null', () => {
    const text = (supersedes: unknown) => Buffer.from(JSON.stringify({ supersedes, packs: [] }));
    expect(parseIndexFile(text([fileId('cc')]), NAME).supersedes).toEqual([fileId('cc')]);
    expect(parseIndexFile(text(null), NAME).supersedes).toEqual([]);
  });

  const pack = (fields: object) => JSON.stringify({ packs: [{ id: fileId('aa'), blobs: [fields] }] });
  const good = { id: '01'.repeat(32), type: 'data', offset: 0, length: 32 };
  it.each([
    ['no JSON', '{', 'not JSON'],
    ['null', 'null', 'not an index'],
    ['no packs', '{}', 'not an index'],
    ['a pack that is null', '{"packs":[null]}', 'not an index'],
    ['a pack without blobs', JSON.stringify({ packs: [{ id: fileId('aa') }] }), 'a pack without blobs'],
    ['a pack with a wrong id', '{"packs":[{"id":"x","blobs":[]}]}', 'an id is wrong'],
    ['a path for an id', JSON.stringify({ packs: [{ id: '../config', blobs: [] }] }), 'an id is wrong'],
    ['a wrong superseded id', '{"supersedes":["x"],"packs":[]}', 'an id is wrong'],
    ['a short blob id', pack({ ...good, id: '01' }), 'a blob id is wrong'],
    ['an unknown type', pack({ ...good, type: 'dat' }), 'neither data nor tree'],
    ['a negative offset', pack({ ...good, offset: -1 }), 'no possible place'],
    ['an offset beyond 4 GiB', pack({ ...good, offset: 2 ** 32 }), 'no possible place'],
    ['half a byte', pack({ ...good, length: 1.5 }), 'no possible place'],
    ['a length in words', pack({ ...good, length: '32' }), 'no possible place'],
  ])('with %s is damaged, and named', (_, text, message) => {
    expect(() => parseIndexFile(Buffer.from(text), NAME)).toThrow(`index/${NAME}: `);
    expect(() => parseIndexFile(Buffer.from(text), NAME)).toThrow(message);
  });
});

describe('the index of a repository', () => {
  it.each([
    ['after it', false],
    ['before it', true],
  ])('leaves out an index that one read %s supersedes', async (_, first) => {
    await encryptionReady;
    const backend = new MemoryBackend();
    const key = newMasterKey();
    const save = (plaintext: Uint8Array) =>
      saveUnpacked(backend, key, { type: 'index', plaintext, compress: true });
    const old = await save(encodeIndexFile([{ id: fileId('aa'), entries: [blob(1)] }]));
    const packs = JSON.parse(
      Buffer.from(encodeIndexFile([{ id: fileId('bb'), entries: [blob(2)] }])).toString(),
    );
    const newer = await save(Buffer.from(JSON.stringify({ supersedes: [old], ...packs })));
    if (first) reorder(backend, newer, old);
    const index = await loadIndex(backend, key);
    expect(index.has(blob(1).id, 'data')).toBe(false);
    expect(index.find(blob(2).id, 'data')?.pack).toBe(fileId('bb'));
    expect(index.hasPack(fileId('aa'))).toBe(false);
  });
});

function reorder(backend: MemoryBackend, ...names: readonly string[]): void {
  for (const name of names) {
    const bytes = backend.files.get(`index/${name}`);
    backend.files.delete(`index/${name}`);
    if (bytes !== undefined) backend.files.set(`index/${name}`, bytes);
  }
}
