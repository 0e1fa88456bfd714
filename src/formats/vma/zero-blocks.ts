import { BLOCK_BYTES, CLUSTER_BYTES } from './block-mask.ts';

const ZEROS = Buffer.alloc(CLUSTER_BYTES);

/** Whether the bytes from `start` to `end`, at most a cluster, are all zero. */
export function isZeroRange(bytes: Uint8Array, start: number, end: number): boolean {
  return ZEROS.compare(bytes, start, end, 0, end - start) === 0;
}

/** The mask of a cluster's blocks that are not all zero; `end` may cut the last block short. */
export function dataMask(bytes: Uint8Array, start: number, end: number): number {
  if (isZeroRange(bytes, start, end)) return 0;
  let mask = 0;
  for (let at = start, bit = 1; at < end; at += BLOCK_BYTES, bit <<= 1) {
    if (!isZeroRange(bytes, at, Math.min(at + BLOCK_BYTES, end))) mask |= bit;
  }
  return mask;
}
