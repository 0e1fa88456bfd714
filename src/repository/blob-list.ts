import { type BlobId, blobId } from './object-id.ts';

const SEGMENT_IDS = 1 << 12;

/** A list of blob ids in order: a file's content. 32 bytes an id; up to some ten million of them. */
export class BlobList implements Iterable<BlobId> {
  readonly #segments: Uint8Array[] = [];
  #length = 0;

  static of(...ids: readonly BlobId[]): BlobList {
    const list = new BlobList();
    for (const id of ids) list.push(id);
    return list;
  }

  get length(): number {
    return this.#length;
  }

  push(id: BlobId): void {
    const at = this.#length % SEGMENT_IDS;
    if (at === 0) this.#segments.push(new Uint8Array(SEGMENT_IDS * 32));
    this.#segments.at(-1)?.set(id, at * 32);
    this.#length += 1;
  }

  /** The id at a position, as a view; undefined beyond the end. */
  at(position: number): BlobId | undefined {
    if (position < 0 || position >= this.#length) return undefined;
    const start = (position % SEGMENT_IDS) * 32;
    const segment = this.#segments[Math.floor(position / SEGMENT_IDS)];
    return segment === undefined ? undefined : blobId(segment.subarray(start, start + 32));
  }

  *[Symbol.iterator](): Iterator<BlobId> {
    for (let position = 0; position < this.#length; position++) {
      const id = this.at(position);
      if (id !== undefined) yield id;
    }
  }
}
