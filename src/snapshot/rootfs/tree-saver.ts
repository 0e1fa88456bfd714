import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { createZstdCompress } from 'node:zlib';
import { blobId } from '../../repository/object-id.ts';
import type { BlobSaver } from '../../repository/store.ts';
import { BATCH_BYTES, BlobBatch, type OnSaved } from './blob-batch.ts';

/**
 * Saves trees, small ones many at a time. One that is larger than 1 MiB is never in memory as a whole: it is made twice,
 * once to hash and once to compress.
 */
export class TreeSaver {
  readonly #writer: BlobSaver;
  readonly #batch: BlobBatch;
  readonly #onSaved: OnSaved;

  constructor(writer: BlobSaver, onSaved: OnSaved) {
    this.#writer = writer;
    this.#onSaved = onSaved;
    this.#batch = new BlobBatch(writer, 'tree', onSaved);
  }

  /** @param encode makes the plaintext, each time the same; @param slot is what `onSaved` gets */
  async save(slot: number, encode: () => Iterable<Uint8Array>): Promise<void> {
    const pieces = smallPieces(encode());
    if (pieces === undefined) {
      await this.#saveLarge(slot, encode);
      return;
    }
    for (const piece of pieces) await this.#batch.append(piece);
    await this.#batch.cut(slot);
  }

  /** Resolves when `onSaved` was called for each tree. */
  end(): Promise<void> {
    return this.#batch.end();
  }

  async #saveLarge(slot: number, encode: () => Iterable<Uint8Array>): Promise<void> {
    const hash = createHash('sha256');
    let length = 0;
    for (const piece of encode()) {
      hash.update(piece);
      length += piece.length;
      await yieldToOthers();
    }
    const id = blobId(new Uint8Array(hash.digest()));
    const saved = await this.#writer.saveLarge('tree', { id, length }, async (compress) => {
      const plaintext = Readable.from(encode());
      const stored = compress ? plaintext.pipe(createZstdCompress({ pledgedSrcSize: length })) : plaintext;
      return new Uint8Array(Buffer.concat(await Array.fromAsync(stored)));
    });
    this.#onSaved(slot, saved);
  }
}

function smallPieces(pieces: Iterable<Uint8Array>): readonly Uint8Array[] | undefined {
  const kept: Uint8Array[] = [];
  let length = 0;
  for (const piece of pieces) {
    length += piece.length;
    if (length > BATCH_BYTES) return undefined;
    kept.push(piece);
  }
  return kept;
}
