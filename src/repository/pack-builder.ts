import type { BlobId, BlobType } from './object-id.ts';
import type { PackEntry } from './pack-header.ts';
import { pageAligned } from './page-aligned.ts';
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

/** Where a builder gets the memory for a pack that is larger than usual for trees. */
export interface PackMemory {
  take(bytes: number): Uint8Array;
}

const NEW_MEMORY: PackMemory = { take: (bytes) => new Uint8Array(bytes) };

/** Packs that a thread has filled and that are not stored yet, beside the one that it fills. */
const MOST_SPARES = 3;

/**
 * Memory that goes back and forth between a thread that fills packs and the one that stores them. Shared, so that it is not
 * handed over: buffers of this size that come and go make the garbage collector run for each of them.
 */
export class SharedPackMemory implements PackMemory {
  readonly #spares: SharedArrayBuffer[] = [];

  /** What it holds is what was in it before. */
  take(bytes: number): Uint8Array {
    const index = this.#spares.findIndex(({ byteLength }) => byteLength >= bytes);
    const [spare] = index < 0 ? [] : this.#spares.splice(index, 1);
    return new Uint8Array(spare ?? pageAligned(bytes));
  }

  /** Nobody may use it any longer. */
  giveBack(memory: SharedArrayBuffer): void {
    if (this.#spares.length < MOST_SPARES) this.#spares.push(memory);
  }
}

/**
 * The blobs of a pack that is being filled, one after the other in one buffer: kept apart for long, blobs of many threads
 * would leave the heap full of holes.
 */
export class PackBuilder {
  readonly type: BlobType;
  readonly entries: PackEntry[] = [];
  readonly #memory: PackMemory;
  #bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  #length = 0;

  constructor(type: BlobType, memory: PackMemory = NEW_MEMORY) {
    this.type = type;
    this.#memory = memory;
  }

  get isFull(): boolean {
    return this.#length >= PACK_BYTES || this.entries.length >= MOST_BLOBS;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** All blobs, to be handed over; there may be room behind them in the buffer. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The sealed bytes are copied, and gone afterwards. */
  add(id: BlobId, sealed: Uint8Array<ArrayBuffer>, uncompressedLength: number): void {
    this.place(id, { length: sealed.length, uncompressedLength }).set(sealed);
    releaseMemory(sealed);
  }

  /** Takes a blob on whose sealed bytes the caller puts into the memory that it is given, at once. */
  place(
    id: BlobId,
    { length, uncompressedLength }: { readonly length: number; readonly uncompressedLength: number },
  ): Uint8Array {
    this.#makeRoom(length);
    const offset = this.#length;
    this.entries.push({ id, type: this.type, offset, length, uncompressedLength });
    this.#length += length;
    return this.#bytes.subarray(offset, offset + length);
  }

  #makeRoom(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const filled = this.bytes;
    this.#bytes = this.#memory.take(Math.max(PACK_BYTES, this.#length + length) + SPARE_BYTES);
    this.#bytes.set(filled);
  }
}
