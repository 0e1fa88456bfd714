import type { IdentifiedRecord } from './known-records.ts';
import type { PvebakRecord, RecordedSnapshot, RestoreRecord } from './record.ts';

/**
 * The records that say nothing any more: whatever they tell of snapshots that are there, a newer one tells of the same. What
 * proves the newest backup of a guest stays, also when that is forgotten; and so does whatever found damage.
 * @param records oldest first
 * @param present the ids of all snapshots that are there, and those that they had before restic rewrote them
 * @returns ids
 */
export function supersededRecords(
  records: readonly IdentifiedRecord[],
  present: ReadonlySet<string>,
): readonly string[] {
  const told = new Map<string, number>();
  const superseded: string[] = [];
  for (const { id, record } of records.toReversed()) {
    const matters = mattersOf(record, present);
    if (matters?.every(({ matter, rank }) => rank <= (told.get(matter) ?? Number.NEGATIVE_INFINITY)))
      superseded.unshift(id);
    for (const { matter, rank } of matters ?? []) told.set(matter, Math.max(rank, told.get(matter) ?? rank));
  }
  return superseded;
}

/** What a record tells of. A newer one tells it again when its rank is as high. */
interface Matter {
  readonly matter: string;
  readonly rank: number;
}

/** @returns undefined for a record that always counts */
function mattersOf(record: PvebakRecord, present: ReadonlySet<string>): readonly Matter[] | undefined {
  const mattersOfEach = (what: string) => (snapshots: readonly RecordedSnapshot[]) =>
    namesOf(snapshots)
      .filter((name) => present.has(name))
      .map((name) => ({ matter: `${what} ${name}`, rank: 0 }));
  const marks = mattersOfEach(record.kind);
  const readings = mattersOfEach('reading of');
  switch (record.kind) {
    case 'pin':
    case 'ack':
      return marks(record.snapshots);
    case 'verify': {
      if (record.damaged.length > 0) return undefined;
      const { part, scope, reading, whole } = record;
      return [
        ...marks(whole),
        ...(part === undefined ? [] : [{ matter: `part of ${part.of} ${scope}`, rank: 0 }]),
        ...(reading === 'read-data' ? [...readings(whole), ...whole.flatMap(proofOf)] : []),
      ];
    }
    case 'restore':
      return restoreOf(record);
    case 'adopt':
      return [{ matter: `adopt ${record.from.line}`, rank: 0 }];
    case 'prune':
      return [{ matter: 'prune', rank: 0 }];
    default:
      return undefined;
  }
}

function namesOf(snapshots: readonly RecordedSnapshot[]): readonly string[] {
  return snapshots.flatMap(({ id, original }) => (original === undefined ? [id] : [id, original]));
}

/** The proof of the backup that was made last counts, whenever it was proved. */
function proofOf({ path, hostname, time = '' }: RecordedSnapshot): readonly Matter[] {
  const madeAt = Date.parse(time);
  if (path === undefined || hostname === undefined || Number.isNaN(madeAt)) return [];
  return [{ matter: `proof ${hostname} ${path}`, rank: madeAt }];
}

/** The restore that began last counts, and of its two records the one that tells its end. */
function restoreOf({ to: { cluster, vmid }, started, outcome }: RestoreRecord): readonly Matter[] {
  const rank = 2 * Date.parse(started) + (outcome === 'begun' ? 0 : 1);
  return cluster === undefined ? [] : [{ matter: `restore ${cluster} ${vmid}`, rank }];
}
