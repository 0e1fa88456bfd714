import type { BlobReader } from './blob-reader.ts';
import { BlobWorkers } from './blob-workers.ts';
import { type IndexInspection, inspectIndexes } from './inspect-indexes.ts';
import { inspectSnapshots, type SnapshotInspection } from './inspect-snapshots.ts';
import { lendStore } from './lend-store.ts';
import { PackCheckers } from './pack-checkers.ts';
import type { Repository } from './repository.ts';
import { withRepositoryLock } from './repository-lock.ts';
import type { Store } from './store.ts';

/** A repository that is locked (shared) and indexed as far as it can be, lent to be looked into. */
export interface Inspection extends Store {
  readonly repository: Repository;
  readonly reader: BlobReader;
  /** As they were before the indexes were read, so that these name all that those refer to. */
  readonly snapshots: SnapshotInspection;
  readonly indexes: IndexInspection;
  readonly checkers: PackCheckers;
}

/**
 * Like `withSession`, but damaged index files are told of and left out. What is saved is saved as in a session, so
 * that the result can be recorded beside the damage.
 * @throws UserError `repository-locked`, and what `work` throws
 */
export async function withInspection<T>(
  repository: Repository,
  options: { readonly threads?: number; readonly signal: AbortSignal },
  work: (inspection: Inspection) => Promise<T>,
): Promise<T> {
  const { backend, key } = repository;
  const { threads } = options;
  return withRepositoryLock(repository, { lock: 'shared', signal: options.signal }, async (signal) => {
    const snapshots = await inspectSnapshots(repository);
    const indexes = await inspectIndexes(backend, key, signal);
    signal.throwIfAborted();
    await using checkers = new PackCheckers(key, { threads });
    await using workers = new BlobWorkers(key, { threads });
    return await lendStore(repository, { index: indexes.index, workers, signal }, (session) =>
      orAborted(work({ ...session, snapshots, indexes, checkers }), signal),
    );
  });
}

/** What is under way when the signal comes is not waited for: it only reads, and a thread may just be starting. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    work.catch(() => undefined);
    aborted.promise.catch(() => undefined);
  }
}
