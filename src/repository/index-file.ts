import { damaged } from './damaged-error.ts';
import { type BlobType, type FileId, parseBlobId, parseFileId, toHex } from './object-id.ts';
import type { PackEntry } from './pack-header.ts';

/**
 * An index file: which blobs are in which packs (restic's design document, "Indexing").
 *
 *     { supersedes?: [id], packs: [{ id, blobs: [{ id, type, offset, length, uncompressed_length? }] }] }
 */
export interface IndexFile {
  readonly supersedes: readonly FileId[];
  readonly packs: readonly IndexedPack[];
}

export interface IndexedPack {
  readonly id: FileId;
  readonly entries: readonly PackEntry[];
}

export function encodeIndexFile(packs: readonly IndexedPack[]): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      packs: packs.map(({ id, entries }) => ({
        id,
        blobs: entries.map((entry) => ({
          id: toHex(entry.id),
          type: entry.type,
          offset: entry.offset,
          length: entry.length,
          ...(entry.uncompressedLength > 0 && { uncompressed_length: entry.uncompressedLength }),
        })),
      })),
    }),
  );
}

/** @throws UserError `repository-damaged`, naming the index */
export function parseIndexFile(plaintext: Uint8Array, name: string): IndexFile {
  const where = `index/${name}`;
  let raw: { supersedes?: unknown; packs?: unknown };
  try {
    raw = JSON.parse(Buffer.from(plaintext).toString('utf8')) ?? {};
  } catch (cause) {
    throw damaged(where, 'not JSON', cause);
  }
  const { supersedes = [], packs } = raw;
  if (!Array.isArray(packs) || !Array.isArray(supersedes ?? [])) throw damaged(where, 'not an index');
  return {
    supersedes: (Array.isArray(supersedes) ? supersedes : []).map((id) => fileId(id, where)),
    packs: packs.map((pack: unknown) => parsePack(pack, where)),
  };
}

function parsePack(raw: unknown, where: string): IndexedPack {
  const { id, blobs } = asRecord(raw, where);
  if (!Array.isArray(blobs)) throw damaged(where, 'a pack without blobs');
  return { id: fileId(id, where), entries: blobs.map((blob: unknown) => parseEntry(blob, where)) };
}

function parseEntry(raw: unknown, where: string): PackEntry {
  const { id, type, offset, length, uncompressed_length: uncompressedLength = 0 } = asRecord(raw, where);
  const parsed = parseBlobId(id);
  if (parsed === undefined) throw damaged(where, 'a blob id is wrong');
  if (!isUint32(offset) || !isUint32(length) || !isUint32(uncompressedLength))
    throw damaged(where, 'a blob lies at no possible place');
  return { id: parsed, type: blobType(type, where), offset, length, uncompressedLength };
}

function blobType(value: unknown, where: string): BlobType {
  if (value === 'data' || value === 'tree') return value;
  throw damaged(where, 'a blob is neither data nor tree');
}

function fileId(value: unknown, where: string): FileId {
  const id = parseFileId(value);
  if (id === undefined) throw damaged(where, 'an id is wrong');
  return id;
}

function asRecord(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw damaged(where, 'not an index');
  return { ...value };
}

function isUint32(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}
