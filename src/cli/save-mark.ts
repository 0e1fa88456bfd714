import { recordFacts } from '../apply/record-facts.ts';
import type { AckRecord, AdoptRecord, PinRecord, RecordedSnapshot } from '../records/record.ts';
import { saveRecord } from '../records/save-record.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import type { Store } from '../repository/store.ts';
import type { Surroundings } from './surroundings.ts';

/** Keeps in the repository what somebody says of snapshots or lines. */
export async function saveMark(
  store: Pick<Store, 'writer' | 'saveSnapshot'>,
  record: PinRecord | AckRecord | AdoptRecord,
  surroundings: Surroundings,
): Promise<void> {
  await saveRecord(store, record, recordFacts(surroundings.clock(), surroundings));
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
