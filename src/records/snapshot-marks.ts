import type { KnownRecord } from './known-records.ts';
import type { RecordedSnapshot, VerifyRecord } from './record.ts';

/** What records say of snapshots, each by its id and by the one that it had before restic rewrote it. */
export interface SnapshotMarks {
  readonly pinned: ReadonlySet<string>;
  /** Somebody has looked at what they brought. */
  readonly acknowledged: ReadonlySet<string>;
  /** Found damaged by the last verification that looked at them. */
  readonly damaged: ReadonlySet<string>;
  /** When a verification found it whole last, milliseconds since 1970; of those only that are not damaged by now. */
  readonly verified: ReadonlyMap<string, number>;
  /** When a verification read all of it and found it whole, likewise. */
  readonly readWhole: ReadonlyMap<string, number>;
  /** By `HOSTNAME PATH`, the newest snapshot of those that a verification has read whole and found so. */
  readonly proved: ReadonlyMap<string, ProvedSnapshot>;
}

export interface ProvedSnapshot {
  readonly id: string;
  /** Both milliseconds since 1970. */
  readonly madeAt: number;
  readonly provedAt: number;
}

/** @param records oldest first: what is newer counts. @param now milliseconds since 1970 */
export function snapshotMarks(records: readonly KnownRecord[], now: number): SnapshotMarks {
  const pinned = new Set<string>();
  const acknowledged = new Set<string>();
  const damaged = new Set<string>();
  const verified = new Map<string, number>();
  const readWhole = new Map<string, number>();
  const proved = new Map<string, ProvedSnapshot>();
  for (const { record } of records) {
    if (record.kind === 'pin')
      mark(pinned, record.snapshots, record.until === undefined || Date.parse(record.until) > now);
    if (record.kind === 'ack') mark(acknowledged, record.snapshots, true);
    if (record.kind === 'verify') {
      mark(damaged, record.whole, false);
      mark(damaged, record.damaged, true);
      for (const id of namesOf(record.whole)) verified.set(id, Date.parse(record.ended));
      for (const id of namesOf(record.reading === 'read-data' ? record.whole : []))
        readWhole.set(id, Date.parse(record.ended));
      for (const id of namesOf(record.damaged)) {
        verified.delete(id);
        readWhole.delete(id);
      }
      prove(proved, record);
    }
  }
  return { pinned, acknowledged, damaged, verified, readWhole, proved };
}

function prove(proved: Map<string, ProvedSnapshot>, { reading, whole, damaged, ended }: VerifyRecord): void {
  for (const { id, path, hostname } of damaged) {
    const key = `${hostname} ${path}`;
    if (proved.get(key)?.id === id) proved.delete(key);
  }
  if (reading !== 'read-data') return;
  for (const { id, path, hostname, time = '' } of whole) {
    const madeAt = Date.parse(time);
    const key = `${hostname} ${path}`;
    const known = proved.get(key);
    if (path === undefined || hostname === undefined || Number.isNaN(madeAt)) continue;
    if (known === undefined || known.madeAt <= madeAt)
      proved.set(key, { id, madeAt, provedAt: Date.parse(ended) });
  }
}

function mark(marks: Set<string>, snapshots: readonly RecordedSnapshot[], isMarked: boolean): void {
  for (const id of namesOf(snapshots)) {
    if (isMarked) marks.add(id);
    else marks.delete(id);
  }
}

function namesOf(snapshots: readonly RecordedSnapshot[]): readonly string[] {
  return snapshots.flatMap(({ id, original }) => (original === undefined ? [id] : [id, original]));
}
