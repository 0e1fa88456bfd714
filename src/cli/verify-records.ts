import { readRecord, recordsAmong, type StoredRecord } from '../records/read-records.ts';
import type { PvebakRecord, RecordedSnapshot, VerifyRecord } from '../records/record.ts';
import { isFileFault } from '../repository/file-fault.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import type { BlobSource } from '../repository/store.ts';
import type { Fault } from '../verify/fault.ts';
import type { SnapshotName } from '../verify/snapshot-name.ts';
import type { VerifyReport } from '../verify/verify-report.ts';

const MOST_FAULTS = 100;
/** How many records are opened, newest first, to find out what a lost snapshot was of. */
const MOST_OPENED = 20;

/** What is kept of a verification. @param host the machine where it ran */
export function toVerifyRecord(report: VerifyReport, host: string): VerifyRecord {
  const { reading, scope, faults, snapshots } = report;
  const part = reading.kind === 'subset' ? { part: { number: reading.part, of: reading.of } } : {};
  return {
    kind: 'verify',
    started: new Date(report.started).toISOString(),
    ended: new Date(report.ended).toISOString(),
    host,
    scope,
    reading: reading.kind,
    ...part,
    outcome: faults.length === 0 ? 'whole' : 'damaged',
    whole: snapshots.filter(({ whole }) => whole).map(({ name }) => recorded(name)),
    damaged: snapshots.filter(({ whole }) => !whole).map(({ name }) => recorded(name)),
    faults: faults.slice(0, MOST_FAULTS).map(({ fault }) => faultText(fault)),
  };
}

function recorded({ id, original, time, hostname, subject }: SnapshotName): RecordedSnapshot {
  const path =
    subject.kind === 'guest'
      ? `/${subject.guest}`
      : subject.kind === 'node'
        ? `/node/${subject.node}`
        : undefined;
  return {
    id,
    ...(original !== undefined && { original }),
    ...(path !== undefined && { path, hostname }),
    ...(time !== undefined && { time }),
  };
}

/** `index/…: the MAC is wrong` */
export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'file':
      return `${fault.file}: ${fault.what}`;
    case 'pack':
      return `${fault.file}: ${fault.whats.join('; ') || 'blobs in it are damaged'}`;
    case 'unindexed':
      return 'blobs that no readable index names';
    case 'contents':
      return `${fault.snapshot.slice(0, 8)} ${fault.path}: ${fault.what}`;
  }
}

/** The part that the newest verification of the same had read, of as many parts. @param ids undefined for all */
export async function lastPart(
  reader: BlobSource,
  snapshots: readonly Snapshot[],
  { of, ids }: { readonly of: number; readonly ids: ReadonlySet<string> | undefined },
): Promise<number | undefined> {
  const scope = ids === undefined ? 'repository' : 'snapshots';
  const likely = recordsAmong(snapshots, 'verify').filter(
    ({ head }) => head.tags.get('scope') === scope && head.tags.get('part')?.endsWith(`/${of}`),
  );
  for (const stored of likely.toReversed()) {
    const record = await readIfWhole(reader, stored);
    if (record?.kind !== 'verify' || record.part?.of !== of) continue;
    if (ids === undefined || isOf(record, ids)) return record.part.number;
  }
  return undefined;
}

function isOf({ whole, damaged }: VerifyRecord, ids: ReadonlySet<string>): boolean {
  const verified = new Set([...whole, ...damaged].map(({ id }) => id));
  return verified.size === ids.size && [...ids].every((id) => verified.has(id));
}

/** What a snapshot was of, as an earlier verification recorded it. */
export async function recallSnapshot(
  reader: BlobSource,
  snapshots: readonly Snapshot[],
  id: string,
): Promise<SnapshotName | undefined> {
  for (const stored of recordsAmong(snapshots, 'verify').slice(-MOST_OPENED).toReversed()) {
    const record = await readIfWhole(reader, stored);
    if (record?.kind !== 'verify') continue;
    const known = [...record.whole, ...record.damaged].find((snapshot) => snapshot.id === id);
    if (known?.path !== undefined) return nameOf(known, known.path);
  }
  return undefined;
}

/** What is damaged or unreadable is what is being looked for: it must not end the search. */
async function readIfWhole(reader: BlobSource, stored: StoredRecord): Promise<PvebakRecord | undefined> {
  try {
    return await readRecord(reader, stored);
  } catch (error) {
    if (isFileFault(error)) return undefined;
    throw error;
  }
}

function nameOf({ id, original, hostname = '', time }: RecordedSnapshot, path: string): SnapshotName {
  const [, node] = /^\/node\/([^/]+)$/.exec(path) ?? [];
  const subject =
    node === undefined
      ? ({ kind: 'guest', guest: path.slice(1) } as const)
      : ({ kind: 'node', node } as const);
  return { id, ...(original !== undefined && { original }), time, hostname, subject };
}
