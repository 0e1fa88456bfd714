import type { Snapshot } from '../repository/snapshot-file.ts';
import type { BlobSource } from '../repository/store.ts';
import { parseRecord } from './parse-record.ts';
import type { PvebakRecord, RecordKind } from './record.ts';
import { type RecordHead, recordHead } from './record-tags.ts';

/** A record that lies in the repository; what is in it has not been read. */
export interface StoredRecord {
  readonly snapshot: Snapshot;
  readonly head: RecordHead;
}

const MOST_BYTES = 64 << 20;

/** The records among snapshots, oldest first as these are. Nothing is read. */
export function recordsAmong(snapshots: readonly Snapshot[], kind: RecordKind): readonly StoredRecord[] {
  return snapshots.flatMap((snapshot) => {
    const head = recordHead(snapshot);
    return head?.kind === kind ? [{ snapshot, head }] : [];
  });
}

/**
 * Reads a record: two small trees and its file.
 * @returns undefined when it is not what its tags say, or of a kind that is not known
 * @throws UserError `repository-damaged`, `repository-read`
 */
export async function readRecord(
  reader: BlobSource,
  { snapshot, head }: StoredRecord,
): Promise<PvebakRecord | undefined> {
  const json = await readFile(reader, snapshot);
  const record = json === undefined ? undefined : parseRecord(json);
  return record?.kind === head.kind ? record : undefined;
}

async function readFile(reader: BlobSource, { tree }: Snapshot): Promise<Uint8Array | undefined> {
  const folder = (await reader.readTree(tree)).find((node) => isNamed(node, 'pvebak'))?.subtree;
  if (folder === undefined) return undefined;
  const file = (await reader.readTree(folder)).find((node) => isNamed(node, 'record.json'));
  if (file === undefined || file.size > MOST_BYTES) return undefined;
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const id of file.content) {
    const bytes = await reader.read('data', id);
    length += bytes.length;
    if (length > MOST_BYTES) return undefined;
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

function isNamed({ name }: { readonly name: Uint8Array }, text: string): boolean {
  return Buffer.from(name).toString('utf8') === text;
}
