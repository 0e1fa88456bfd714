import { FormatError } from '../format-error.ts';
import { clusterCount, wholeClusterMask } from './block-mask.ts';
import { ClusterSet } from './cluster-set.ts';
import { extentEntryOffset } from './extent-header-codec.ts';
import type { ExtentTable } from './extent-table.ts';
import type { VmaDevice } from './vma-header.ts';

/** The name that makes a device a RAM state stream, whose clusters come in order. */
const VMSTATE = 'vmstate';

interface Progress {
  readonly device: VmaDevice;
  readonly clusters: number;
  readonly seen: ClusterSet;
}

/**
 * Holds an archive to the one rule that tells a whole one from a cancelled one: each cluster of each device comes
 * exactly once. The stream itself has no end mark.
 */
export class ArchiveCoverage {
  readonly #progress: (Progress | undefined)[] = [];

  constructor(devices: readonly VmaDevice[]) {
    for (const device of devices) {
      const clusters = clusterCount(device.size);
      this.#progress[device.id] = { device, clusters, seen: new ClusterSet(clusters) };
    }
  }

  /** Counts the entries of an extent that begins at `offset`. @throws FormatError for the first that breaks a rule */
  add(table: ExtentTable, offset: number): void {
    const { devices, clusters, masks, slots } = table;
    for (let index = 0; index < table.count; index++) {
      const problem = this.#addEntry(devices[index] ?? 0, clusters[index] ?? 0, masks[index] ?? 0);
      if (problem !== undefined) {
        throw new FormatError(problem, extentEntryOffset(offset, slots[index] ?? 0));
      }
    }
  }

  /** @throws FormatError, at the end of the stream, when a device is not complete */
  assertComplete(offset: number): void {
    for (const progress of this.#progress) {
      const missing = progress?.seen.firstMissing();
      if (progress === undefined || missing === undefined) continue;
      const lacking = progress.clusters - progress.seen.size;
      throw new FormatError(
        `the archive is not complete: cluster ${missing} of ${progress.device.name} is missing` +
          ` (${lacking} of its ${progress.clusters} are)`,
        offset,
      );
    }
  }

  #addEntry(id: number, cluster: number, mask: number): string | undefined {
    const progress = this.#progress[id];
    if (progress === undefined) return `device ${id} is not in the header`;
    const { device, clusters, seen } = progress;
    if (cluster >= clusters) return `cluster ${cluster} is behind the end of ${device.name}`;
    if (device.name === VMSTATE && cluster !== seen.size) {
      return `cluster ${cluster} of ${VMSTATE} is out of order`;
    }
    if (cluster === clusters - 1 && (mask & ~wholeClusterMask(device.size, cluster)) !== 0) {
      return `cluster ${cluster} has data behind the end of ${device.name}`;
    }
    return seen.add(cluster) ? undefined : `cluster ${cluster} of ${device.name} is there twice`;
  }
}
