import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { isZeroRange } from '../formats/zero-range.ts';
import type { BlobLender, LentBlob } from '../repository/blob-lender.ts';
import { type BlobId, blobId, sameBytes } from '../repository/object-id.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';

/**
 * Finds a file or folder of a snapshot by its path, `/qemu/101/pvebak.json`.
 * @returns undefined when there is none
 */
export async function findNode(
  reader: BlobSource,
  root: BlobId,
  path: string,
): Promise<StoredNode | undefined> {
  let folder: BlobId | undefined = root;
  let found: StoredNode | undefined;
  for (const part of path.split('/').filter((name) => name !== '')) {
    if (folder === undefined) return undefined;
    const name = Buffer.from(part, 'utf8');
    found = (await reader.readTree(folder)).find((node) => Buffer.compare(node.name, name) === 0);
    folder = found?.subtree;
  }
  return found;
}

/** The nodes of a folder; empty when there is none. */
export async function listFolder(
  reader: BlobSource,
  root: BlobId,
  path: string,
): Promise<readonly StoredNode[]> {
  const node = await findNode(reader, root, path);
  return node?.subtree === undefined ? [] : reader.readTree(node.subtree);
}

/** Bytes of a file that are being read, as far as its size tells how large its blobs are. */
const READ_AHEAD_BYTES = 24 << 20;
const MOST_READ_AHEAD = 96;

/** A piece of a file: one of its blobs. The bytes may be lent again: they must not be changed. */
export interface ContentPiece {
  readonly bytes: Uint8Array;
  readonly isZeros: boolean;
}

export interface ContentReading {
  /** Gives each piece back when the next one is asked for. */
  readonly lender?: BlobLender;
}

interface LentPiece extends ContentPiece, LentBlob {}

/**
 * A file's blobs in order, some read ahead. Each was checked against its id. A blob that follows itself, as zeros do,
 * is read once.
 */
export async function* readContent(
  reader: BlobSource,
  node: StoredNode,
  { lender }: ContentReading = {},
): AsyncGenerator<ContentPiece> {
  const borrow = lender === undefined ? keep(reader) : (id: BlobId) => lender.borrow(id);
  const ahead: Promise<LentPiece>[] = [];
  let last: { readonly id: BlobId; readonly piece: Promise<LentPiece> } | undefined;
  const readNext = (position: number) => {
    const id = node.content.at(position);
    if (id === undefined) return;
    if (last === undefined || !sameBytes(last.id, id))
      last = { id: blobId(id.slice()), piece: readPiece(borrow, id) };
    ahead.push(last.piece);
  };
  const blobs = readAhead(node);
  for (let position = 0; position < blobs; position++) readNext(position);
  for (let position = 0; position < node.content.length; position++) {
    const reading = ahead.shift();
    const piece = await reading;
    readNext(position + blobs);
    if (piece !== undefined) yield piece;
    if (ahead[0] !== reading) piece?.giveBack();
    if (position % PIECES_BETWEEN_YIELDS === 0) await yieldToOthers();
  }
}

function readAhead({ size, content }: StoredNode): number {
  const blobBytes = Math.max(1, size / Math.max(1, content.length));
  return Math.min(MOST_READ_AHEAD, Math.max(4, Math.floor(READ_AHEAD_BYTES / blobBytes)));
}

const PIECES_BETWEEN_YIELDS = 1024;

function readPiece(borrow: BlobLender['borrow'], id: BlobId): Promise<LentPiece> {
  const piece = borrow(id).then((blob) => ({ ...blob, isZeros: isZeroRange(blob.bytes) }));
  piece.catch(() => undefined);
  return piece;
}

function keep(reader: BlobSource): BlobLender['borrow'] {
  return async (id) => ({ bytes: await reader.read('data', id), giveBack: () => undefined });
}

/** A small file whole. @throws RangeError when it is longer than `mostBytes` */
export async function readSmallFile(
  reader: BlobSource,
  node: StoredNode,
  mostBytes = 16 << 20,
): Promise<Uint8Array> {
  if (node.size > mostBytes)
    throw new RangeError(`${Buffer.from(node.name).toString()} is larger than ${mostBytes} bytes`);
  const parts: Uint8Array[] = [];
  for await (const { bytes } of readContent(reader, node)) parts.push(bytes);
  return Buffer.concat(parts);
}
