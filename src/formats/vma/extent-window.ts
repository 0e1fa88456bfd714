import { CLUSTER_BYTES, clusterCount } from './block-mask.ts';
import type { ExtentTable } from './extent-table.ts';
import type { VmaDevice } from './vma-header.ts';

const WINDOW_CLUSTERS = 48;

/** Archives of ours hold one aligned window of one device in each extent. */
export const WINDOW_BYTES = WINDOW_CLUSTERS * CLUSTER_BYTES;

export function windowCount(deviceBytes: number): number {
  return Math.ceil(deviceBytes / WINDOW_BYTES);
}

/** Names the clusters of a window of a device in the table; all masks are 0, the block count is left alone. */
export function openWindow(table: ExtentTable, device: VmaDevice, window: number): void {
  const first = window * WINDOW_CLUSTERS;
  table.count = Math.min(WINDOW_CLUSTERS, clusterCount(device.size) - first);
  table.devices.fill(device.id, 0, table.count);
  table.masks.fill(0);
  for (let index = 0; index < table.count; index++) table.clusters[index] = first + index;
}
