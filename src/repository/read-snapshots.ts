import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { UserError } from '../user-error.ts';
import { type FileFault, faultOf } from './file-fault.ts';
import { type FileId, parseFileId } from './object-id.ts';
import type { Repository } from './repository.ts';
import { parseSnapshot, type Snapshot } from './snapshot-file.ts';
import { openUnpacked } from './unpacked-file.ts';

const READ_AT_ONCE = 32;
const PARSED_BETWEEN_YIELDS = 512;

/** @throws UserError `snapshot-not-found`, `repository-damaged` */
export async function readSnapshot({ backend, key, where }: Repository, id: string): Promise<Snapshot> {
  const name = parseFileId(id);
  const text = name === undefined ? undefined : await readText({ backend, key }, name);
  if (name === undefined || text === undefined)
    throw new UserError('snapshot-not-found', `the repository ${where} holds no snapshot ${id}`);
  return parseSnapshot(text, name);
}

/**
 * All snapshots, oldest first; those that were read before come from the cache. Needs no lock: one that is forgotten
 * meanwhile is left out.
 * @param options.onFault is told of each that is damaged or cannot be read, and that is left out; without it, that is an error
 * @throws UserError `repository-damaged`, `repository-read`, naming the snapshot
 */
export async function readSnapshots(
  repository: Repository,
  { onFault }: { readonly onFault?: (fault: FileFault) => void } = {},
): Promise<readonly Snapshot[]> {
  const soundly = async <T>(id: FileId, work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (onFault === undefined) throw error;
      onFault(faultOf(`snapshots/${id}`, error));
      return undefined;
    }
  };
  const ids = (await repository.backend.names('snapshots'))
    .map(parseFileId)
    .filter((id): id is FileId => id !== undefined);
  const cache = repository.cache('snapshots');
  const cached = await cache.load();
  const texts = new Map<FileId, string>();
  let read = 0;
  for (let at = 0; at < ids.length; at += READ_AT_ONCE) {
    const batch = ids.slice(at, at + READ_AT_ONCE);
    const known = batch.map((id) => cached.get(id));
    const all = known.includes(undefined)
      ? await Promise.all(batch.map((id, i) => known[i] ?? soundly(id, () => readText(repository, id))))
      : known;
    for (const [i, id] of batch.entries()) {
      const text = all[i];
      if (text !== undefined) texts.set(id, text);
      if (known[i] === undefined) read += 1;
    }
  }
  const dated: { readonly snapshot: Snapshot; readonly time: number }[] = [];
  for (const [id, text] of texts) {
    const snapshot = await soundly(id, () => parseSnapshot(text, id));
    if (snapshot !== undefined) dated.push({ snapshot, time: Date.parse(snapshot.time) });
    if (dated.length % PARSED_BETWEEN_YIELDS === 0) await yieldToOthers();
  }
  if (read > 0 || texts.size < cached.size) await cache.save(texts);
  return dated.sort((a, b) => a.time - b.time).map(({ snapshot }) => snapshot);
}

/** The plaintext of a snapshot's file; undefined when there is none. */
async function readText(
  { backend, key }: Pick<Repository, 'backend' | 'key'>,
  id: FileId,
): Promise<string | undefined> {
  const stored = await backend.loadIfPresent({ type: 'snapshots', name: id });
  return stored === undefined
    ? undefined
    : Buffer.from(await openUnpacked(key, stored, `snapshots/${id}`)).toString('utf8');
}
