import { ByteBudget } from '../repository/byte-budget.ts';
import { type BlobId, toHex } from '../repository/object-id.ts';
import { BlobCache } from './blob-cache.ts';
import type { BlobIds, BlobTable, PlacedBlob } from './blob-table.ts';

/** A part of a disk. The bytes are lent: they must not be changed. */
export type DiskPiece =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'zeros'; readonly length: number };

const CACHE_BYTES = 64 << 20;
/** Of blobs that are being fetched and opened. */
const READING_BYTES = 32 << 20;
const READ_AHEAD_BYTES = 4 << 20;
/** A view keeps its whole blob in memory; up to here a copy is cheaper. */
const COPIED_BYTES = 64 << 10;

/** Reads any range of a disk; zeros are known without reading. What is read one after the other is read ahead. */
export class DiskReader {
  readonly table: BlobTable;
  readonly #ids: BlobIds;
  readonly #read: (id: BlobId) => Promise<Uint8Array>;
  readonly #cache = new BlobCache(CACHE_BYTES);
  readonly #budget = new ByteBudget(READING_BYTES);

  /** @param read gives a blob that was checked against its id */
  constructor(disk: {
    readonly table: BlobTable;
    readonly ids: BlobIds;
    readonly read: (id: BlobId) => Promise<Uint8Array>;
  }) {
    this.table = disk.table;
    this.#ids = disk.ids;
    this.#read = disk.read;
  }

  get size(): number {
    return this.table.size;
  }

  /**
   * The pieces of a range that lies within the disk, in order.
   * @throws what reading its first bad blob throws, after all of its blobs were tried
   */
  async read(offset: number, length: number): Promise<readonly DiskPiece[]> {
    if (length === 0) return [];
    const blobs = this.#blobsOf(offset, offset + length);
    const reads = blobs.map(async (blob) => this.#pieceOf(blob, offset, offset + length));
    this.#readAhead(blobs);
    const settled = await Promise.allSettled(reads);
    return settled.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  }

  #blobsOf(start: number, end: number): readonly PlacedBlob[] {
    const blobs: PlacedBlob[] = [];
    let blob: PlacedBlob | undefined = this.table.blobAt(start);
    while (blob !== undefined && blob.start < end) {
      blobs.push(blob);
      blob = this.table.blobAfter(blob);
    }
    return blobs;
  }

  async #pieceOf(blob: PlacedBlob, start: number, end: number): Promise<DiskPiece> {
    const from = Math.max(start, blob.start) - blob.start;
    const to = Math.min(end, blob.start + blob.length) - blob.start;
    if (blob.isZeros) return { kind: 'zeros', length: to - from };
    const bytes = await this.#load(blob);
    const isShort = to - from <= COPIED_BYTES;
    return { kind: 'data', bytes: isShort ? bytes.slice(from, to) : bytes.subarray(from, to) };
  }

  #load(blob: PlacedBlob): Promise<Uint8Array> {
    const id = this.#idOf(blob.position);
    return this.#cache.get(toHex(id), blob.length, () => this.#fetch(id, blob));
  }

  async #fetch(id: BlobId, { length }: PlacedBlob): Promise<Uint8Array> {
    await this.#budget.take(length);
    try {
      const bytes = await this.#read(id);
      if (bytes.length !== length)
        throw new Error(`the data blob ${toHex(id)} has ${bytes.length} bytes, not ${length}`);
      return bytes;
    } finally {
      this.#budget.give(length);
    }
  }

  /** Someone reads on when the blob before is still at hand. What goes wrong is said to the one who asks for it. */
  #readAhead(blobs: readonly PlacedBlob[]): void {
    const first = blobs[0];
    let next = blobs.at(-1);
    if (first === undefined || next === undefined || !this.#isAtHand(first.position - 1)) return;
    const limit = next.start + next.length + READ_AHEAD_BYTES;
    while (next !== undefined && next.start + next.length < limit) {
      next = this.table.blobAfter(next);
      if (next !== undefined && !next.isZeros) this.#load(next).catch(() => undefined);
    }
  }

  #isAtHand(position: number): boolean {
    const id = this.#ids.at(position);
    return id !== undefined && this.#cache.has(toHex(id));
  }

  #idOf(position: number): BlobId {
    const id = this.#ids.at(position);
    if (id === undefined) throw new Error(`the disk has no blob ${position}`);
    return id;
  }
}
