import { hostname } from 'node:os';
import type { AckRecord, PinRecord, RecordedSnapshot } from '../records/record.ts';
import { saveRecord } from '../records/save-record.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import type { Store } from '../repository/store.ts';
import { formatRfc3339 } from '../snapshot/rfc3339.ts';
import type { Surroundings } from './surroundings.ts';

/** Keeps in the repository what somebody says of snapshots. */
export async function saveMark(
  store: Pick<Store, 'writer' | 'saveSnapshot'>,
  record: PinRecord | AckRecord,
  { clock, offsetMinutes, programVersion }: Surroundings,
): Promise<void> {
  const time = formatRfc3339(clock(), offsetMinutes);
  await saveRecord(store, record, { time, hostname: hostname(), programVersion });
}

export function recordedSnapshot({ id, original, paths, hostname: host, time }: Snapshot): RecordedSnapshot {
  const [path] = paths;
  return {
    id,
    ...(original !== undefined && { original }),
    ...(path !== undefined && { path }),
    hostname: host,
    time,
  };
}
