/** A disk whose blobs are in memory: watched, slow and damaged as a test wants it. */
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { buildBlobTable } from '../../src/nbd/blob-table.ts';
import { DiskReader } from '../../src/nbd/disk-reader.ts';
import { BlobList } from '../../src/repository/blob-list.ts';
import { damaged } from '../../src/repository/damaged-error.ts';
import { type BlobId, blobId, toHex } from '../../src/repository/object-id.ts';

export interface MemoryDisk {
  readonly reader: DiskReader;
  /** Ids of the blobs that were read, in order. */
  readonly reads: readonly string[];
  /** The most bytes that were being read at once. */
  readonly mostAtOnce: () => number;
  /** From now on reading this blob fails. */
  readonly damage: (position: number) => void;
  readonly repair: () => void;
}

/** @param lengths of the blobs, again and again */
export async function memoryDisk(
  bytes: Buffer,
  lengths: readonly number[],
  options: { readonly readMs?: number } = {},
): Promise<MemoryDisk> {
  const { ids, blobs } = cut(bytes, lengths);
  const reads: string[] = [];
  const bad = new Set<string>();
  let now = 0;
  let most = 0;
  const read = async (id: BlobId) => {
    const name = toHex(id);
    const blob = blobs.get(name) ?? Buffer.alloc(0);
    reads.push(name);
    now += blob.length;
    most = Math.max(most, now);
    await wait(options.readMs ?? 0);
    now -= blob.length;
    if (bad.has(name)) throw damaged('data/00/00', `data blob ${name}: the test says so`);
    return Uint8Array.from(blob);
  };
  const lengthOf = (id: BlobId) => blobs.get(toHex(id))?.length;
  const table = await buildBlobTable(ids, { name: 'drive-scsi0', size: bytes.length, lengthOf });
  return {
    reader: new DiskReader({ table, ids, read }),
    reads,
    mostAtOnce: () => most,
    damage: (position) => bad.add(nameAt(ids, position)),
    repair: () => bad.clear(),
  };
}

/** The blobs of a disk: their list, and each by the digits of its id. */
export function cut(
  bytes: Buffer,
  lengths: readonly number[],
): { readonly ids: BlobList; readonly blobs: Map<string, Buffer> } {
  const ids = new BlobList();
  const blobs = new Map<string, Buffer>();
  for (let at = 0, nth = 0; at < bytes.length; nth++) {
    const blob = bytes.subarray(at, at + (lengths[nth % lengths.length] ?? 1));
    const id = createHash('sha256').update(blob).digest();
    ids.push(blobId(new Uint8Array(id)));
    blobs.set(id.toString('hex'), blob);
    at += blob.length;
  }
  return { ids, blobs };
}

export function nameAt(ids: BlobList, position: number): string {
  const id = ids.at(position);
  if (id === undefined) throw new Error(`no blob ${position}`);
  return toHex(id);
}

/** What a read gives, with its zeros. */
export async function readBytes(reader: DiskReader, offset: number, length: number): Promise<Buffer> {
  const pieces = await reader.read(offset, length);
  return Buffer.concat(
    pieces.map((piece) => (piece.kind === 'data' ? piece.bytes : Buffer.alloc(piece.length))),
  );
}
