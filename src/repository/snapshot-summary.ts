/** What making a snapshot took (restic's design document, "Snapshots"; restic from 0.17 on). Those of its members that are used here. */
export interface SnapshotSummary {
  /** RFC 3339, as the snapshot's time. */
  readonly backupStart: string;
  readonly backupEnd: string;
  /** Bytes that were read to make it. */
  readonly totalBytesProcessed: number;
  /** Of those, before compression, what the repository did not hold. */
  readonly dataAdded: number;
  /** What the repository has grown by. */
  readonly dataAddedPacked: number;
}

export function encodeSummary(summary: SnapshotSummary): Readonly<Record<string, unknown>> {
  return {
    backup_start: summary.backupStart,
    backup_end: summary.backupEnd,
    data_added: summary.dataAdded,
    data_added_packed: summary.dataAddedPacked,
    total_bytes_processed: summary.totalBytesProcessed,
  };
}

/** Undefined unless all of it is there and could be true: what it says is a help, and a snapshot is whole without it. */
export function parseSummary(value: unknown): SnapshotSummary | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const raw: Readonly<Record<string, unknown>> = { ...value };
  const backupStart = moment(raw['backup_start']);
  const backupEnd = moment(raw['backup_end']);
  const totalBytesProcessed = amount(raw['total_bytes_processed']);
  const dataAdded = amount(raw['data_added']);
  const dataAddedPacked = amount(raw['data_added_packed']);
  if (backupStart === undefined || backupEnd === undefined) return undefined;
  if (totalBytesProcessed === undefined || dataAdded === undefined || dataAddedPacked === undefined)
    return undefined;
  if (Date.parse(backupEnd) < Date.parse(backupStart)) return undefined;
  return { backupStart, backupEnd, totalBytesProcessed, dataAdded, dataAddedPacked };
}

function moment(value: unknown): string | undefined {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

function amount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
