/** Of chunks that are not in use: more is under way only while the oldest unfinished ones are being evicted. */
const MOST_SPARE_BYTES = 16 << 20;

/**
 * Memory for chunks that are put together, saved and then used again. It is shared, so that it is lent to whoever saves it
 * (`BlobSaver`): buffers that are handed over to other threads leave holes in the heap of each, and every new one is cleared by
 * the kernel.
 */
export class ChunkMemory {
  readonly #spares: SharedArrayBuffer[] = [];

  /** What it holds is what was in it before. Exactly so long: more would be more than the bound on chunks counts. */
  take(length: number): Uint8Array<SharedArrayBuffer> {
    const index = this.#spares.findLastIndex(({ byteLength }) => byteLength === length);
    const [spare] = index < 0 ? [] : this.#spares.splice(index, 1);
    return new Uint8Array(spare ?? new SharedArrayBuffer(length));
  }

  /** Nobody may use it any longer. */
  giveBack({ buffer }: Uint8Array<SharedArrayBuffer>): void {
    const spareBytes = this.#spares.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (spareBytes + buffer.byteLength <= MOST_SPARE_BYTES) this.#spares.push(buffer);
  }
}
