import { hash } from 'node:crypto';
import { BlobSet } from '../repository/blob-set.ts';
import type { SavedBlob } from '../repository/blob-writer.ts';
import { type BlobId, type BlobType, blobId } from '../repository/object-id.ts';
import type { BlobSaver } from '../repository/store.ts';

/** Saves nothing: it only says which id each blob would have. */
export class HashingSaver implements BlobSaver {
  /** The trees that would have been saved. */
  readonly trees = new BlobSet();
  readonly #zeros = new Map<number, SavedBlob>();

  async start(type: BlobType, bytes: Uint8Array): Promise<{ readonly done: Promise<SavedBlob> }> {
    return { done: Promise.resolve(this.#take(type, bytes)) };
  }

  async startMany(
    type: BlobType,
    blobs: readonly Uint8Array[],
  ): Promise<{ readonly done: Promise<readonly SavedBlob[]> }> {
    return { done: Promise.resolve(blobs.map((bytes) => this.#take(type, bytes))) };
  }

  async save(type: BlobType, bytes: Uint8Array): Promise<SavedBlob> {
    return this.#take(type, bytes);
  }

  async saveZeros(length: number): Promise<SavedBlob> {
    const zeros = this.#zeros.get(length) ?? this.#take('data', new Uint8Array(length));
    this.#zeros.set(length, zeros);
    return zeros;
  }

  async saveLarge(
    type: BlobType,
    { id, length }: { readonly id: BlobId; readonly length: number },
  ): Promise<SavedBlob> {
    if (type === 'tree') this.trees.add(id);
    return { id, length, storedBytes: 0 };
  }

  #take(type: BlobType, bytes: Uint8Array): SavedBlob {
    const id = blobId(new Uint8Array(hash('sha256', bytes, 'buffer')));
    if (type === 'tree') this.trees.add(id);
    return { id, length: bytes.length, storedBytes: 0 };
  }
}
