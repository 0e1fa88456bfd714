import type { BlobId, BlobType } from './object-id.ts';
import type { PackEntry } from './pack-header.ts';
import { releaseMemory } from './release-memory.ts';

/** A pack is closed once it has reached this size; one blob may carry it beyond. */
export const PACK_BYTES = 16 << 20;
/** However small they are: keeps a header below 1 MiB, and an index file that a pack carries beyond its limit below 8 MiB. */
const MOST_BLOBS = 10_000;
/** For the first blobs; most packs of trees need no more. */
const FIRST_BYTES = 1 << 20;
/**
 * For the last blob and the header. Only what is touched takes memory; with it the buffer is above the 32 MiB from which on
 * glibc gives memory back at once and never lets the heap grow for it (mallopt(3), M_MMAP_THRESHOLD).
 */
const SPARE_BYTES = 17 << 20;

/**
 * The blobs of a pack that is being filled, one after the other in one buffer: kept apart for long, blobs of many threads
 * would leave the heap full of holes.
 */
export class PackBuilder {
  readonly type: BlobType;
  readonly entries: PackEntry[] = [];
  #bytes = new Uint8Array(FIRST_BYTES);
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

  /** All blobs, to be handed over; there may be room behind them in the buffer. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The sealed bytes are copied, and gone afterwards. */
  add(id: BlobId, sealed: Uint8Array<ArrayBuffer>, uncompressedLength: number): void {
    const { length } = sealed;
    this.#makeRoom(length);
    this.#bytes.set(sealed, this.#length);
    this.entries.push({ id, type: this.type, offset: this.#length, length, uncompressedLength });
    this.#length += length;
    releaseMemory(sealed);
  }

  #makeRoom(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const filled = this.bytes;
    this.#bytes = new Uint8Array(Math.max(PACK_BYTES, this.#length + length) + SPARE_BYTES);
    this.#bytes.set(filled);
  }
}
