import type { GuestSnapshot } from '../plan/facts.ts';
import { formatGuestRef } from '../pve/guest.ts';
import { isFileFault } from '../repository/file-fault.ts';
import type { Store } from '../repository/store.ts';
import { parseRecordedContents } from '../snapshot/guest-record.ts';
import { findNode, readSmallFile } from '../snapshot/snapshot-files.ts';

/**
 * The chunk size of each disk of a VM's newest backup. A line's disk keeps its size for life, so that a resize does not store
 * everything again.
 */
export async function lineChunkSizes(
  store: Store,
  newest: GuestSnapshot | undefined,
): Promise<ReadonlyMap<string, number>> {
  if (newest === undefined || newest.guest.type === 'lxc') return new Map();
  try {
    const { tree } = await store.readSnapshot(newest.id);
    const path = `/${formatGuestRef(newest.guest)}/pvebak.json`;
    const node = await findNode(store.reader, tree, path);
    if (node === undefined) return new Map();
    return parseRecordedContents(await readSmallFile(store.reader, node)).chunkSizes;
  } catch (error) {
    // What is damaged or unreadable there must not keep a new backup from being made.
    if (isFileFault(error)) return new Map();
    throw error;
  }
}
