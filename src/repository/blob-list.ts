import { type BlobId, blobId } from './object-id.ts';

const SEGMENT_IDS = 1 << 12;

/**
 * A list of blob ids in order: a file's content, up to some ten million of them. 32 bytes an id; a stretch of
 * 4096 equal ids (zeros) costs 32 bytes in all.
 */
export class BlobList implements Iterable<BlobId> {
  readonly #segments: Uint8Array<ArrayBuffer>[] = [];
  #open = new Uint8Array(SEGMENT_IDS * 32);
  #length = 0;

  static of(...ids: readonly BlobId[]): BlobList {
    const list = new BlobList();
    for (const id of ids) list.push(id);
    return list;
  }

  /** @param segments as `toSegments` gave them, which are handed over; @param length in ids */
  static fromSegments(segments: readonly Uint8Array<ArrayBuffer>[], length: number): BlobList {
    const list = new BlobList();
    const [open] = segments.slice(-1);
    list.#segments.push(...segments.slice(0, -1));
    if (open !== undefined) list.#open.set(open);
    list.#length = length;
    return list;
  }

  /** A copy as plain data, one buffer for every 4096 ids and one for the rest: what goes to another thread. */
  toSegments(): readonly Uint8Array<ArrayBuffer>[] {
    const open = this.#open.slice(0, (this.#length % SEGMENT_IDS) * 32);
    return [...this.#segments.map((segment) => segment.slice()), open];
  }

  get length(): number {
    return this.#length;
  }

  push(id: BlobId): void {
    this.#open.set(id, (this.#length % SEGMENT_IDS) * 32);
    this.#length += 1;
    if (this.#length % SEGMENT_IDS === 0) this.#closeSegment();
  }

  /** The id at a position, as a view that the next `push` may change; undefined beyond the end. */
  at(position: number): BlobId | undefined {
    if (position < 0 || position >= this.#length) return undefined;
    const segment = this.#segments[Math.floor(position / SEGMENT_IDS)] ?? this.#open;
    const start = segment.length === 32 ? 0 : (position % SEGMENT_IDS) * 32;
    return blobId(segment.subarray(start, start + 32));
  }

  *[Symbol.iterator](): Iterator<BlobId> {
    for (let position = 0; position < this.#length; position++) {
      const id = this.at(position);
      if (id !== undefined) yield id;
    }
  }

  #closeSegment(): void {
    const repeats = Buffer.compare(this.#open.subarray(32), this.#open.subarray(0, -32)) === 0;
    this.#segments.push(this.#open.slice(0, repeats ? 32 : undefined));
  }
}
