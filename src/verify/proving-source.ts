import type { BlobIndex } from '../repository/blob-index.ts';
import { faultOf, packFile } from '../repository/file-fault.ts';
import { type BlobId, type BlobType, toHex } from '../repository/object-id.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import type { FaultBook } from './fault-book.ts';

/** Something could not be read, and the book of faults says why. */
export class NotedDamage extends Error {
  override readonly name = 'NotedDamage';
}

/** Reads blobs and notes each that is damaged. */
export class ProvingSource implements BlobSource {
  readonly #source: BlobSource;
  readonly #index: BlobIndex;
  readonly #book: FaultBook;

  constructor(source: BlobSource, index: BlobIndex, book: FaultBook) {
    this.#source = source;
    this.#index = index;
    this.#book = book;
  }

  /** @throws NotedDamage */
  read(type: BlobType, id: BlobId): Promise<Uint8Array<ArrayBuffer>> {
    return this.#noting(type, id, () => this.#source.read(type, id));
  }

  /** @throws NotedDamage */
  readTree(id: BlobId): Promise<readonly StoredNode[]> {
    return this.#noting('tree', id, () => this.#source.readTree(id));
  }

  async #noting<T>(type: BlobType, id: BlobId, work: () => Promise<T>): Promise<T> {
    if (this.#book.isDamaged(type, id)) throw new NotedDamage();
    try {
      return await work();
    } catch (error) {
      this.#book.noteBlob(type, id, this.#what(type, id, error));
      throw new NotedDamage('', { cause: error });
    }
  }

  #what(type: BlobType, id: BlobId, error: unknown): string {
    const place = this.#index.find(id, type);
    const { what } = faultOf(place === undefined ? '' : packFile(place.pack), error);
    const prefix = `${type} blob ${toHex(id)} at offset ${place?.offset ?? 0}: `;
    return what.startsWith(prefix) ? what.slice(prefix.length) : what;
  }
}
