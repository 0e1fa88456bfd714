import type { KnownRecord } from './known-records.ts';
import type { RecordedSnapshot } from './record.ts';

/** What records say of snapshots, each by its id and by the one that it had before restic rewrote it. */
export interface SnapshotMarks {
  readonly pinned: ReadonlySet<string>;
  /** Found damaged by the last verification that looked at them. */
  readonly damaged: ReadonlySet<string>;
}

/** @param records oldest first: what is newer counts. @param now milliseconds since 1970 */
export function snapshotMarks(records: readonly KnownRecord[], now: number): SnapshotMarks {
  const pinned = new Set<string>();
  const damaged = new Set<string>();
  for (const { record } of records) {
    if (record.kind === 'pin')
      mark(pinned, record.snapshots, record.until === undefined || Date.parse(record.until) > now);
    if (record.kind === 'verify') {
      mark(damaged, record.whole, false);
      mark(damaged, record.damaged, true);
    }
  }
  return { pinned, damaged };
}

function mark(marks: Set<string>, snapshots: readonly RecordedSnapshot[], isMarked: boolean): void {
  for (const id of snapshots.flatMap(({ id, original }) => [
    id,
    ...(original === undefined ? [] : [original]),
  ])) {
    if (isMarked) marks.add(id);
    else marks.delete(id);
  }
}
