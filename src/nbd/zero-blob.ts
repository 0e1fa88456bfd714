import { createHash } from 'node:crypto';
import { type BlobId, sameBytes } from '../repository/object-id.ts';

const CLUSTER_BYTES = 64 << 10;
const MOST_BYTES = 8 << 20;
const ZEROS = new Uint8Array(1 << 20);
const idsByLength = new Map<number, Uint8Array>();

/**
 * Whether a blob holds nothing but zeros, told by its id. Only lengths are looked at that zeros come in: whole clusters
 * (pvebak's chunks, and the 8 MiB after which restic's chunker ends a blob), and the last one's.
 */
export function isZerosBlob(id: BlobId, length: number, { isLast }: { readonly isLast: boolean }): boolean {
  const isUsual = length > 0 && length <= MOST_BYTES && (length % CLUSTER_BYTES === 0 || isLast);
  return isUsual && sameBytes(idOfZeros(length), id);
}

function idOfZeros(length: number): Uint8Array {
  const known = idsByLength.get(length);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for (let left = length; left > 0; left -= ZEROS.length) hash.update(ZEROS.subarray(0, left));
  const id = new Uint8Array(hash.digest());
  idsByLength.set(length, id);
  return id;
}
