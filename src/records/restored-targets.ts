import type { KnownRecord } from './known-records.ts';
import type { RestoreRecord } from './record.ts';

/** What a guest was restored from. */
export interface RestoredTarget {
  readonly snapshot: string;
  /** The id that the snapshot had before restic rewrote it. */
  readonly original?: string;
  /** Of the guest that came of it: another one may have the vmid by now. */
  readonly line?: string;
  /** When the restore began, milliseconds since 1970. */
  readonly restoredAt: number;
}

/** By `CLUSTER VMID`. A vmid whose last restore failed, or was begun and has not told its end, is not among them. */
export function restoredTargets(records: readonly KnownRecord[]): ReadonlyMap<string, RestoredTarget> {
  const restores = records.flatMap(({ record }) => (record.kind === 'restore' ? [record] : []));
  const targets = new Map<string, RestoredTarget>();
  for (const record of restores.toSorted(byBeginning)) {
    const { cluster, vmid } = record.to;
    if (cluster === undefined) continue;
    const key = `${cluster} ${vmid}`;
    if (record.outcome === 'restored') targets.set(key, targetOf(record));
    else targets.delete(key);
  }
  return targets;
}

/** The two records of one restore tell the same beginning. */
function byBeginning(a: RestoreRecord, b: RestoreRecord): number {
  return Date.parse(a.started) - Date.parse(b.started) || rankOf(a) - rankOf(b);
}

function rankOf({ outcome }: RestoreRecord): number {
  return outcome === 'begun' ? 0 : 1;
}

function targetOf({ snapshot: { id, original }, to: { line }, started }: RestoreRecord): RestoredTarget {
  return {
    snapshot: id,
    ...(original !== undefined && { original }),
    ...(line !== undefined && { line }),
    restoredAt: Date.parse(started),
  };
}
