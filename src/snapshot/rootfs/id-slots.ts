import { type BlobId, blobId } from '../../repository/object-id.ts';

const SEGMENT_IDS = 1 << 14;
const ID_BYTES = 32;

/** Room for ids of blobs that are being saved: taken in the order of the content, filled in any order. */
export class IdSlots {
  readonly #segments: Uint8Array<ArrayBuffer>[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#segments.length * SEGMENT_IDS * ID_BYTES;
  }

  take(): number {
    if (this.#length % SEGMENT_IDS === 0) this.#segments.push(new Uint8Array(SEGMENT_IDS * ID_BYTES));
    return this.#length++;
  }

  fill(slot: number, id: BlobId): void {
    this.#segment(slot).set(id, (slot % SEGMENT_IDS) * ID_BYTES);
  }

  /** A view. */
  get(slot: number): BlobId {
    const start = (slot % SEGMENT_IDS) * ID_BYTES;
    return blobId(this.#segment(slot).subarray(start, start + ID_BYTES));
  }

  *range(first: number, count: number): Generator<BlobId> {
    for (let slot = first; slot < first + count; slot++) yield this.get(slot);
  }

  #segment(slot: number): Uint8Array<ArrayBuffer> {
    const segment = this.#segments[Math.floor(slot / SEGMENT_IDS)];
    if (segment === undefined || slot >= this.#length) throw new Error(`there is no slot ${slot}`);
    return segment;
  }
}
