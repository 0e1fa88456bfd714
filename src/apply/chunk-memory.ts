/** Of chunks that are not in use: more is under way only while the oldest unfinished ones are being evicted. */
const MOST_SPARE_BYTES = 16 << 20;

/**
 * Memory for chunks that are put together, saved and then used again. It is shared, so that it is lent to whoever saves it
 * (`BlobSaver`): buffers that are handed over to other threads leave holes in the heap of each, and every new one is cleared by
 * the kernel.
 */
export class ChunkMemory {
  readonly #spares = new Map<number, SharedArrayBuffer[]>();
  #spareBytes = 0;

  /** What it holds is what was in it before. */
  take(length: number): Uint8Array<SharedArrayBuffer> {
    const spare = this.#spares.get(length)?.pop();
    if (spare !== undefined) this.#spareBytes -= length;
    return new Uint8Array(spare ?? new SharedArrayBuffer(length));
  }

  /** Nobody may use it any longer. */
  giveBack({ buffer }: Uint8Array<SharedArrayBuffer>): void {
    const { byteLength } = buffer;
    if (this.#spareBytes + byteLength > MOST_SPARE_BYTES) return;
    const spares = this.#spares.get(byteLength) ?? [];
    this.#spares.set(byteLength, spares);
    spares.push(buffer);
    this.#spareBytes += byteLength;
  }
}
