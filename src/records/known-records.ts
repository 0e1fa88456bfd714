import { type FileFault, faultOf } from '../repository/file-fault.ts';
import { type Repository, withReader } from '../repository/repository.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import type { BlobSource } from '../repository/store.ts';
import { parseRecord } from './parse-record.ts';
import { readRecord, recordsAmong, type StoredRecord } from './read-records.ts';
import { encodeRecord, type PvebakRecord, type RecordKind } from './record.ts';

/** A record, and when it was written. */
export interface KnownRecord<R extends PvebakRecord = PvebakRecord> {
  readonly record: R;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export interface IdentifiedRecord extends KnownRecord {
  /** Of its snapshot. */
  readonly id: string;
}

/** Stands in the cache for a record that is not known: it never will be. One that is damaged may be put back. */
const NONE = '';

/**
 * Reads the records of some kinds among a repository's snapshots, oldest first; those that were read before come from the
 * cache on this machine, as records never change. Needs no lock.
 * @param options.onFault is told of each that is damaged or cannot be read, and that is left out; without it, that is an error
 * @throws UserError `repository-damaged`, `repository-read`
 */
export async function readKnownRecords(
  repository: Repository,
  snapshots: readonly Snapshot[],
  kinds: readonly RecordKind[],
  { onFault }: { readonly onFault?: (fault: FileFault) => void } = {},
): Promise<readonly IdentifiedRecord[]> {
  const stored = kinds.flatMap((kind) => recordsAmong(snapshots, kind));
  if (stored.length === 0) return [];
  const cache = repository.cache('records');
  const cached = await cache.load();
  const texts = new Map(stored.flatMap(({ snapshot: { id } }) => entryOf(cached, id)));
  const missing = stored.filter(({ snapshot }) => !texts.has(snapshot.id));
  if (missing.length > 0) {
    await withReader(repository, async (reader) => {
      for (const one of missing) {
        const text = await readText(reader, one, onFault);
        if (text !== undefined) texts.set(one.snapshot.id, text);
      }
    });
    await cache.save(texts);
  }
  return stored.flatMap((one) => known(one, texts)).sort((a, b) => a.time - b.time);
}

function entryOf(cached: ReadonlyMap<string, string>, id: string): readonly (readonly [string, string])[] {
  const text = cached.get(id);
  return text === undefined ? [] : [[id, text]];
}

/** Undefined when it cannot be had. */
async function readText(
  reader: BlobSource,
  one: StoredRecord,
  onFault: ((fault: FileFault) => void) | undefined,
): Promise<string | undefined> {
  try {
    return textOf(await readRecord(reader, one));
  } catch (error) {
    if (onFault === undefined) throw error;
    onFault(faultOf(`snapshots/${one.snapshot.id} (a ${one.head.kind} record)`, error));
    return undefined;
  }
}

function textOf(record: PvebakRecord | undefined): string {
  return record === undefined ? NONE : Buffer.from(encodeRecord(record)).toString('utf8');
}

function known({ snapshot }: StoredRecord, texts: ReadonlyMap<string, string>): readonly IdentifiedRecord[] {
  const text = texts.get(snapshot.id) ?? NONE;
  const record = text === NONE ? undefined : parseRecord(Buffer.from(text));
  return record === undefined ? [] : [{ id: snapshot.id, record, time: Date.parse(snapshot.time) }];
}
