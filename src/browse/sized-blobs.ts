import type { BlobId, BlobType } from '../repository/object-id.ts';
import type { BlobSource } from '../repository/store.ts';

/** Reads blobs, and knows from the index how long each is. */
export interface SizedBlobs extends BlobSource {
  /** Bytes of plaintext; undefined when the repository does not hold the blob. */
  lengthOf(type: BlobType, id: BlobId): number | undefined;
}
