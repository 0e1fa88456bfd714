import type { BlobId, BlobType } from './object-id.ts';
import type { PackEntry } from './pack-header.ts';

/** A pack is closed once it has reached this size; one blob may carry it beyond. */
export const PACK_BYTES = 16 << 20;
/** However small they are: keeps a header below 1 MiB, and an index file that a pack carries beyond its limit below 8 MiB. */
const MOST_BLOBS = 10_000;

/** The blobs of a pack that is being filled, in memory. */
export class PackBuilder {
  readonly type: BlobType;
  readonly blobs: Uint8Array<ArrayBuffer>[] = [];
  readonly entries: PackEntry[] = [];
  #length = 0;

  constructor(type: BlobType) {
    this.type = type;
  }

  get isFull(): boolean {
    return this.#length >= PACK_BYTES || this.entries.length >= MOST_BLOBS;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(id: BlobId, sealed: Uint8Array<ArrayBuffer>, uncompressedLength: number): void {
    this.blobs.push(sealed);
    this.entries.push({
      id,
      type: this.type,
      offset: this.#length,
      length: sealed.length,
      uncompressedLength,
    });
    this.#length += sealed.length;
  }
}
