import type { BlobList } from '../repository/blob-list.ts';
import { type BlobId, sameBytes } from '../repository/object-id.ts';
import type { SizedBlobs } from './sized-blobs.ts';

/** One file in two snapshots: which blobs it is made of, and where they are. */
export interface ListedContent {
  readonly reader: Pick<SizedBlobs, 'lengthOf'>;
  readonly content: BlobList;
}

/**
 * How many bytes of `after` lie in blobs that do not stand at the same place in `before`: the most that can have changed. What
 * `before` holds beyond the end of `after` is not counted. Reads nothing.
 */
export function mostChangedBytes(before: ListedContent, after: ListedContent): number {
  const earlier = new Cursor(before);
  const later = new Cursor(after);
  let changed = 0;
  for (; later.id !== undefined; later.next()) {
    while (earlier.id !== undefined && earlier.offset < later.offset) earlier.next();
    const same =
      earlier.id !== undefined && earlier.offset === later.offset && sameBytes(earlier.id, later.id);
    if (!same) changed += later.length;
  }
  return changed;
}

/** A place in a list of blobs. */
class Cursor {
  readonly #listed: ListedContent;
  #position = 0;
  #known: { readonly id: BlobId; readonly length: number } | undefined;
  offset = 0;

  constructor(listed: ListedContent) {
    this.#listed = listed;
  }

  /** Undefined at the end. */
  get id(): BlobId | undefined {
    return this.#listed.content.at(this.#position);
  }

  /** Bytes of the blob here. One that follows itself is looked up once. */
  get length(): number {
    const { id } = this;
    if (id === undefined) return 0;
    if (this.#known === undefined || !sameBytes(this.#known.id, id))
      this.#known = { id, length: this.#listed.reader.lengthOf('data', id) ?? 0 };
    return this.#known.length;
  }

  next(): void {
    this.offset += this.length;
    this.#position += 1;
  }
}
