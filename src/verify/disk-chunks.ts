import { hash } from 'node:crypto';
import type { BlobList } from '../repository/blob-list.ts';
import { type BlobId, blobId, sameBytes } from '../repository/object-id.ts';

/** Which blobs of a disk's list make which chunk: one each, or several smaller ones. */
export class DiskChunks {
  readonly chunkSize: number;
  readonly #content: BlobList;
  /** Where in the list each chunk begins, and where the last ends. */
  readonly #starts: Uint32Array;
  readonly #zeroIds: ReadonlyMap<number, BlobId>;
  readonly #size: number;

  /** @returns what is wrong when the list is not that of a disk so long, cut so */
  static of(
    disk: { readonly content: BlobList; readonly size: number; readonly chunkSize: number },
    lengthOf: (id: BlobId) => number | undefined,
  ): DiskChunks | string {
    const { content, size, chunkSize } = disk;
    if (chunkSize === 0) return 'its chunks have no size';
    const starts = new Uint32Array(Math.ceil(size / chunkSize) + 1);
    let chunk = 0;
    let position = 0;
    let place = 0;
    for (const id of content) {
      if (position >= Math.min((chunk + 1) * chunkSize, size)) starts[++chunk] = place;
      position += lengthOf(id) ?? 0;
      place += 1;
      if (position > Math.min((chunk + 1) * chunkSize, size))
        return `blob ${place - 1} of its list reaches over the end of a chunk`;
    }
    if (position !== size) return `its blobs have ${position} bytes, not ${size}`;
    starts[starts.length - 1] = place;
    return new DiskChunks(disk, starts);
  }

  private constructor(
    { content, size, chunkSize }: { content: BlobList; size: number; chunkSize: number },
    starts: Uint32Array,
  ) {
    this.#content = content;
    this.#size = size;
    this.#starts = starts;
    this.chunkSize = chunkSize;
    const last = size - (starts.length - 2) * chunkSize;
    this.#zeroIds = new Map(
      [Math.min(size, chunkSize), last]
        .filter((length) => length > 0)
        .map((length) => [length, zeroId(length)]),
    );
  }

  isZero(chunk: number): boolean {
    const start = this.#starts[chunk] ?? 0;
    const id = this.#content.at(start);
    if (id === undefined || this.#starts[chunk + 1] !== start + 1) return false;
    const zero = this.#zeroIds.get(Math.min(this.chunkSize, this.#size - chunk * this.chunkSize));
    return zero !== undefined && sameBytes(zero, id);
  }

  *blobsOf(chunk: number): Generator<BlobId> {
    for (let place = this.#starts[chunk] ?? 0; place < (this.#starts[chunk + 1] ?? 0); place++) {
      const id = this.#content.at(place);
      if (id !== undefined) yield id;
    }
  }
}

function zeroId(length: number): BlobId {
  return blobId(new Uint8Array(hash('sha256', new Uint8Array(length), 'buffer')));
}
