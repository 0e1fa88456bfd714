/** A block is 4 KiB, a cluster 16 blocks; bit 0 of a mask is a cluster's first block. */
export const BLOCK_BYTES = 4096;
export const CLUSTER_BYTES = 65536;
export const ZERO_CLUSTER = Buffer.alloc(CLUSTER_BYTES);
const CLUSTER_BLOCKS = 16;
const FULL = 0xffff;

/** How many clusters a device has; the last may be partial. */
export function clusterCount(deviceBytes: number): number {
  return Math.ceil(deviceBytes / CLUSTER_BYTES);
}

/** The mask of all blocks of a cluster that begin before the end of the device; a block across the end is one. */
export function wholeClusterMask(deviceBytes: number, cluster: number): number {
  const bytes = deviceBytes - cluster * CLUSTER_BYTES;
  return bytes > CLUSTER_BYTES - BLOCK_BYTES
    ? FULL
    : FULL >> (CLUSTER_BLOCKS - Math.ceil(bytes / BLOCK_BYTES));
}

/** How many blocks a mask marks. */
export function markedBlocks(mask: number): number {
  const pairs = mask - ((mask >> 1) & 0x5555);
  const nibbles = (pairs & 0x3333) + ((pairs >> 2) & 0x3333);
  const bytes = (nibbles + (nibbles >> 4)) & 0x0f0f;
  return (bytes + (bytes >> 8)) & 0x1f;
}

/** The blocks that a mask marks, as runs: each from its first block to the one behind its last. */
export function markedRuns(mask: number): readonly { readonly from: number; readonly to: number }[] {
  if (mask === FULL) return WHOLE_CLUSTER;
  const runs: { from: number; to: number }[] = [];
  for (let block = 0; block < CLUSTER_BLOCKS; block++) {
    if ((mask & (1 << block)) === 0) continue;
    const last = runs.at(-1);
    if (last?.to === block) last.to = block + 1;
    else runs.push({ from: block, to: block + 1 });
  }
  return runs;
}

/** Whether it marks all blocks of a cluster. */
export function isWholeMask(mask: number): boolean {
  return mask === FULL;
}

const WHOLE_CLUSTER = [{ from: 0, to: CLUSTER_BLOCKS }];
