import { type BlobId, blobId } from '../repository/object-id.ts';

const SEGMENT_IDS = 1 << 12;

/**
 * The blobs of a disk's chunks, set in any order. Chunks that are never set are zeros and cost nothing where
 * 4096 of them lie together; any other costs 32 bytes. A chunk that was stored as smaller blobs has a list.
 */
export class ChunkTable {
  readonly #segments = new Map<number, Uint8Array>();
  readonly #split = new Map<number, readonly BlobId[]>();

  set(chunk: number, id: BlobId): void {
    const number = Math.floor(chunk / SEGMENT_IDS);
    const segment = this.#segments.get(number) ?? new Uint8Array(SEGMENT_IDS * 32);
    this.#segments.set(number, segment);
    segment.set(id, (chunk % SEGMENT_IDS) * 32);
  }

  setSplit(chunk: number, ids: readonly BlobId[]): void {
    this.#split.set(chunk, ids);
  }

  /** The chunk's blobs in order; none when it was never set. */
  get(chunk: number): readonly BlobId[] {
    const split = this.#split.get(chunk);
    if (split !== undefined) return split;
    const start = (chunk % SEGMENT_IDS) * 32;
    const bytes = this.#segments.get(Math.floor(chunk / SEGMENT_IDS))?.subarray(start, start + 32);
    return bytes?.some((byte) => byte !== 0) ? [blobId(bytes)] : [];
  }
}
