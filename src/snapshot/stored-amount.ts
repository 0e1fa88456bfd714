import type { SavedBlob } from '../repository/blob-writer.ts';

/** Counts what blobs added to the repository and what was there already. */
export class StoredAmount {
  /** Plaintext bytes of blobs that were not there. */
  newBytes = 0;
  /** Plaintext bytes of blobs that were. */
  reusedBytes = 0;
  /** Bytes that the new ones take, compressed and encrypted. */
  storedBytes = 0;

  count(saved: SavedBlob): void {
    if (saved.storedBytes === 0) this.reusedBytes += saved.length;
    else this.newBytes += saved.length;
    this.storedBytes += saved.storedBytes;
  }
}
