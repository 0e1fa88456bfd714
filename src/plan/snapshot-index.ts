import type { Vmid } from '../pve/guest.ts';
import type { Guest, LineId } from '../pve/inventory.ts';
import type { GuestSnapshot } from './facts.ts';
import type { History } from './judge-freshness.ts';

/** The snapshots of one repository, found by line and by vmid. */
export interface SnapshotIndex {
  readonly byLine: ReadonlyMap<LineId | undefined, readonly GuestSnapshot[]>;
  readonly byVmid: ReadonlyMap<Vmid, readonly GuestSnapshot[]>;
}

export function indexSnapshots(snapshots: readonly GuestSnapshot[]): SnapshotIndex {
  return {
    byLine: Map.groupBy(snapshots, (snapshot) => snapshot.line),
    byVmid: Map.groupBy(snapshots, (snapshot) => snapshot.guest.vmid),
  };
}

/**
 * What is kept of a guest. Its own snapshots go by line, whichever host entry made them.
 * @param hostIds ids of the host entries into the guest's cluster; the same vmid elsewhere is no reuse
 */
export function historyOf(
  guest: Guest,
  index: SnapshotIndex,
  hostIds: ReadonlySet<string>,
): History<GuestSnapshot> {
  const { line } = guest.identity;
  const others = (index.byVmid.get(guest.ref.vmid) ?? []).filter((snapshot) => hostIds.has(snapshot.hostId));
  const otherLines = new Set(others.flatMap((snapshot) => snapshot.line ?? []));
  otherLines.delete(line);
  return { snapshots: index.byLine.get(line) ?? [], otherLines: otherLines.size };
}
