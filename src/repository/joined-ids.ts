import { type BlobId, blobId } from './object-id.ts';

const ID_BYTES = 32;

/** Ids one after the other in memory of their own, as they go from thread to thread. */
export function joinIds(ids: readonly BlobId[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(ids.length * ID_BYTES);
  for (const [index, id] of ids.entries()) joined.set(id, index * ID_BYTES);
  return joined;
}

/** Each with memory of its own: a view is sent with all of the buffer behind it. */
export function splitIds(joined: Uint8Array): readonly BlobId[] {
  return Array.from({ length: joined.length / ID_BYTES }, (_, index) =>
    blobId(joined.slice(index * ID_BYTES, index * ID_BYTES + ID_BYTES)),
  );
}
