import { isZeroRange } from '../zero-range.ts';
import { BLOCK_BYTES } from './block-mask.ts';

/** The mask of a cluster's blocks that are not all zero; `end` may cut the last block short. */
export function dataMask(bytes: Uint8Array, start: number, end: number): number {
  if (isZeroRange(bytes, start, end)) return 0;
  let mask = 0;
  for (let at = start, bit = 1; at < end; at += BLOCK_BYTES, bit <<= 1) {
    if (!isZeroRange(bytes, at, Math.min(at + BLOCK_BYTES, end))) mask |= bit;
  }
  return mask;
}
