import { UserError } from '../user-error.ts';
import { type FileFault, faultOf } from './file-fault.ts';
import { parseFileId } from './object-id.ts';
import { readSnapshot } from './read-snapshots.ts';
import type { Repository } from './repository.ts';
import type { Snapshot } from './snapshot-file.ts';

/** The snapshots of a repository, as far as they can be read. */
export interface SnapshotInspection {
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  readonly faults: readonly (FileFault & { readonly id: string })[];
}

const READ_AT_ONCE = 16;

/** Like `readSnapshots`, but a snapshot file that is damaged is told of, and the others are read all the same. */
export async function inspectSnapshots(repository: Repository): Promise<SnapshotInspection> {
  const ids = (await repository.backend.list('snapshots')).flatMap(({ name }) => parseFileId(name) ?? []);
  const snapshots: Snapshot[] = [];
  const faults: (FileFault & { readonly id: string })[] = [];
  const inspect = async (id: string) => {
    try {
      snapshots.push(await readSnapshot(repository, id));
    } catch (error) {
      if (isForgotten(error)) return;
      faults.push({ ...faultOf(`snapshots/${id}`, error), id });
    }
  };
  for (let at = 0; at < ids.length; at += READ_AT_ONCE)
    await Promise.all(ids.slice(at, at + READ_AT_ONCE).map(inspect));
  return { snapshots: snapshots.sort((a, b) => Date.parse(a.time) - Date.parse(b.time)), faults };
}

/** Somebody forgot it while the list was read. */
function isForgotten(error: unknown): boolean {
  return error instanceof UserError && error.code === 'snapshot-not-found';
}
