import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { createZstdCompress } from 'node:zlib';
import type { SavedBlob } from './blob-writer.ts';
import { blobId } from './object-id.ts';
import type { BlobSaver } from './store.ts';
import { encodeTree, type TreeNode } from './tree.ts';

/** A tree above this is never in memory as a whole: it is made twice, once to hash and once to compress. */
const LARGE_BYTES = 4 << 20;

/**
 * Saves one directory and returns its blob.
 * @throws RangeError when the names are not unique or are no file names
 */
export async function saveTree(writer: BlobSaver, nodes: readonly TreeNode[]): Promise<SavedBlob> {
  const small = collectSmall(encodeTree(nodes));
  return small === undefined ? saveLargeTree(writer, nodes) : writer.save('tree', small);
}

function collectSmall(pieces: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> | undefined {
  const kept: Uint8Array[] = [];
  let length = 0;
  for (const piece of pieces) {
    length += piece.length;
    if (length > LARGE_BYTES) return undefined;
    kept.push(piece);
  }
  return concatenate(kept, length);
}

async function saveLargeTree(writer: BlobSaver, nodes: readonly TreeNode[]): Promise<SavedBlob> {
  const hash = createHash('sha256');
  let length = 0;
  for (const piece of encodeTree(nodes)) {
    hash.update(piece);
    length += piece.length;
    await yieldToOthers();
  }
  const id = blobId(new Uint8Array(hash.digest()));
  return writer.saveLarge('tree', { id, length }, (compress) => {
    const plaintext = Readable.from(encodeTree(nodes));
    return collect(compress ? plaintext.pipe(createZstdCompress({ pledgedSrcSize: length })) : plaintext);
  });
}

/** A list of ids is never larger compressed: hex digits carry half of their bits. */
async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const kept: Uint8Array[] = [];
  let total = 0;
  for await (const piece of pieces) {
    kept.push(piece);
    total += piece.length;
  }
  return concatenate(kept, total);
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
