import { BlobReader } from './blob-reader.ts';
import { BlobWorkers } from './blob-workers.ts';
import { BlobWriter } from './blob-writer.ts';
import { IndexWriter } from './index-writer.ts';
import { type IndexInspection, inspectIndexes } from './inspect-indexes.ts';
import { inspectSnapshots, type SnapshotInspection } from './inspect-snapshots.ts';
import { withLock } from './lock.ts';
import { thisProcess } from './lock-owner.ts';
import { PackCheckers } from './pack-checkers.ts';
import { type Repository, readSnapshot } from './repository.ts';
import { encodeSnapshot, type SnapshotFacts } from './snapshot-file.ts';
import type { Store } from './store.ts';
import { saveUnpacked } from './unpacked-file.ts';

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
  const { backend, key, where } = repository;
  const compress = repository.config.version >= 2;
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  return withLock({ backend, key, compress, owner: thisProcess() }, 'shared', async (lockSignal) => {
    const signal = AbortSignal.any([options.signal, lockSignal]);
    const snapshots = await inspectSnapshots(repository);
    const indexes = await inspectIndexes(backend, key, signal);
    signal.throwIfAborted();
    const { index } = indexes;
    await using workers = new BlobWorkers(key, threads);
    await using checkers = new PackCheckers(key, threads);
    const indexWriter = new IndexWriter(backend, key, { index, compress });
    const writer = new BlobWriter({ backend, index, indexWriter, workers, compress, signal });
    const reader = new BlobReader({ backend, key, index, workers });
    const saveSnapshot = async (facts: SnapshotFacts) => {
      await writer.flush();
      signal.throwIfAborted();
      const plaintext = encodeSnapshot(facts);
      const id = await saveUnpacked(backend, key, { type: 'snapshots', plaintext, compress });
      return { ...facts, id, original: undefined };
    };
    try {
      const store = { repository, where, reader, writer, signal, saveSnapshot };
      const done = work({
        ...store,
        readSnapshot: (id) => readSnapshot(repository, id),
        snapshots,
        indexes,
        checkers,
      });
      return await orAborted(done, signal);
    } finally {
      await writer.end();
      indexWriter.close();
      await indexWriter.flush().catch(() => undefined);
    }
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
