import type { Snapshot } from '../repository/snapshot-file.ts';
import type { Store } from '../repository/store.ts';
import { saveTree } from '../repository/tree-writer.ts';
import { encodeRecord, type PvebakRecord } from './record.ts';
import { recordTags } from './record-tags.ts';

export interface RecordFacts {
  /** RFC 3339 */
  readonly time: string;
  /** The machine that writes it. */
  readonly hostname: string;
  readonly programVersion: string;
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** A record of many thousand snapshots is several blobs. */
const BLOB_BYTES = 1 << 20;

/** Stores a record as a snapshot of `/pvebak` with one file, `record.json`. It is never changed. */
export async function saveRecord(
  { writer, saveSnapshot }: Pick<Store, 'writer' | 'saveSnapshot'>,
  record: PvebakRecord,
  facts: RecordFacts,
): Promise<Snapshot> {
  const bytes = encodeRecord(record);
  const content = [];
  for (let at = 0; at < bytes.length; at += BLOB_BYTES)
    content.push((await writer.save('data', bytes.slice(at, at + BLOB_BYTES))).id);
  const times = { mtime: facts.time };
  const file = await saveTree(writer, [
    { type: 'file', name: name('record.json'), mode: FILE_MODE, ...times, size: bytes.length, content },
  ]);
  const root = await saveTree(writer, [
    { type: 'dir', name: name('pvebak'), mode: FOLDER_MODE, ...times, subtree: file.id },
  ]);
  return saveSnapshot({
    ...facts,
    tree: root.id,
    paths: ['/pvebak'],
    tags: recordTags(record),
    username: 'pvebak',
  });
}

function name(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
