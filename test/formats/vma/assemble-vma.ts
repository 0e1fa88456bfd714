import { readVma, type VmaExtent } from '../../../src/formats/vma/read-vma.ts';
import type { VmaHeader } from '../../../src/formats/vma/vma-header.ts';

export interface AssembledVma {
  readonly header: VmaHeader;
  /** The whole image of each device, by id. */
  readonly disks: ReadonlyMap<number, Uint8Array>;
  /** Clusters of each extent. */
  readonly extents: readonly number[];
}

/** Reads an archive to its end and puts the disks together. */
export async function assembleVma(source: AsyncIterable<Uint8Array>): Promise<AssembledVma> {
  const disks = new Map<number, Uint8Array>();
  const extents: number[] = [];
  let header: VmaHeader | undefined;
  for await (const event of readVma(source)) {
    if (event.kind === 'header') {
      header = event.header;
      for (const { id, size } of header.devices) disks.set(id, new Uint8Array(size));
    } else {
      extents.push(event.extent.count);
      for (let index = 0; index < event.extent.count; index++) placeCluster(event.extent, index, disks);
    }
  }
  if (header === undefined) throw new Error('no header came');
  return { header, disks, extents };
}

function placeCluster(extent: VmaExtent, index: number, disks: ReadonlyMap<number, Uint8Array>): void {
  const disk = disks.get(extent.devices[index] ?? 0) ?? new Uint8Array(0);
  const start = (extent.clusters[index] ?? 0) * 65536;
  let from = extent.dataOffsets[index] ?? 0;
  for (let block = 0; block < 16; block++) {
    if (((extent.masks[index] ?? 0) & (1 << block)) === 0) continue;
    const at = start + block * 4096;
    disk.set(extent.data.subarray(from, from + Math.min(4096, disk.length - at)), at);
    from += 4096;
  }
}
