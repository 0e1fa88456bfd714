import type { BlobType, FileId } from '../object-id.ts';

/** A stored pack, and how much of it is used. */
export interface PackUse {
  readonly id: FileId;
  readonly type: BlobType | 'mixed';
  /** Of blobs that a snapshot refers to and that no other pack counts as its own. */
  readonly usedBytes: number;
  /** Of all others, headers left out. */
  readonly unusedBytes: number;
}

export interface PruneDecision {
  /** Hold nothing that is used. */
  readonly remove: readonly FileId[];
  /** Hold so little of use that they are written anew. */
  readonly repack: readonly FileId[];
  /** In packs that stay. */
  readonly unusedBytesLeft: number;
}

/** So little in one pack is not worth the writing, whatever the share. */
const LEAST_UNUSED_SHARE_OF_PACK = 0.01;

/**
 * Which packs go. Those without anything of use always do; of the others those with the largest unused share are
 * repacked, as few as bring the unused share of all that stays to `mostUnusedShare`.
 * @param mostUnusedShare 0 to 1
 */
export function planPrune(packs: readonly PackUse[], mostUnusedShare: number): PruneDecision {
  const remove = packs.filter(({ usedBytes }) => usedBytes === 0).map(({ id }) => id);
  const partly = packs
    .filter(({ usedBytes, unusedBytes }) => usedBytes > 0 && unusedBytes > 0)
    .toSorted((a, b) => unusedShare(b) - unusedShare(a) || (a.id < b.id ? -1 : 1));
  const usedBytes = packs.reduce((sum, pack) => sum + pack.usedBytes, 0);
  let unusedBytes = partly.reduce((sum, pack) => sum + pack.unusedBytes, 0);
  const repack: FileId[] = [];
  for (const pack of partly) {
    if (unusedBytes <= mostUnusedShare * (usedBytes + unusedBytes)) break;
    if (mostUnusedShare > 0 && unusedShare(pack) < LEAST_UNUSED_SHARE_OF_PACK) break;
    repack.push(pack.id);
    unusedBytes -= pack.unusedBytes;
  }
  return { remove, repack, unusedBytesLeft: unusedBytes };
}

function unusedShare({ usedBytes, unusedBytes }: PackUse): number {
  return unusedBytes / (usedBytes + unusedBytes);
}
