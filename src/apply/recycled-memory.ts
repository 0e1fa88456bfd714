import type { PieceMemory } from '../formats/vma/sparse-archive.ts';
import { releaseMemory } from '../repository/release-memory.ts';
import { unclearedBytes } from '../repository/uncleared-bytes.ts';

const MOST_SPARES = 4;
/** Larger than any piece of an archive of windows; pages that nobody touches take no room. */
const LEAST_BYTES = 4 << 20;

/**
 * Memory for the pieces of an archive that comes back when they are sent. New memory for each costs more than to copy it twice: the
 * kernel clears every page.
 */
export class RecycledMemory implements PieceMemory {
  readonly #own = new WeakSet<ArrayBuffer>();
  readonly #spares: ArrayBuffer[] = [];

  /** At the end of its buffer, so that `free` knows the last part of a piece. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const found = this.#spares.findLastIndex(({ byteLength }) => byteLength >= length);
    const [spare] = found < 0 ? [] : this.#spares.splice(found, 1);
    const buffer = spare ?? unclearedBytes(Math.max(length, LEAST_BYTES)).buffer;
    this.#own.add(buffer);
    return new Uint8Array(buffer, buffer.byteLength - length, length);
  }

  /**
   * Takes back a part of a piece that nobody needs any longer. Parts come in order, so that with the last one of a buffer
   * nobody needs it; a buffer that is not from here is freed.
   */
  free(part: Uint8Array): void {
    const { buffer, byteOffset, byteLength } = part;
    if (!(buffer instanceof ArrayBuffer) || byteOffset + byteLength !== buffer.byteLength) return;
    if (this.#own.has(buffer) && this.#spares.length < MOST_SPARES) this.#spares.push(buffer);
    else releaseMemory(part);
  }
}
