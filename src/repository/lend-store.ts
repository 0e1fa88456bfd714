import type { BlobIndex } from './blob-index.ts';
import { BlobReader } from './blob-reader.ts';
import type { BlobWorkers } from './blob-workers.ts';
import { BlobWriter } from './blob-writer.ts';
import { IndexWriter } from './index-writer.ts';
import { readSnapshot } from './read-snapshots.ts';
import type { Repository, RepositorySession } from './repository.ts';
import { encodeSnapshot, type SnapshotFacts } from './snapshot-file.ts';
import { SnapshotList } from './snapshot-list.ts';
import { saveUnpacked } from './unpacked-file.ts';

/**
 * Lends a repository that is locked and whose index is loaded while `work` runs. Afterwards nothing is under way, and what
 * was stored is in an index as far as that can be written.
 * @param parts.signal ends what is saved
 */
export async function lendStore<T>(
  repository: Repository,
  parts: {
    readonly index: BlobIndex;
    readonly workers: BlobWorkers;
    readonly signal: AbortSignal;
  },
  work: (session: RepositorySession) => Promise<T>,
): Promise<T> {
  const { backend, key, where } = repository;
  const { index, workers, signal } = parts;
  const compress = repository.config.version >= 2;
  const indexWriter = new IndexWriter(backend, key, { index, compress });
  const writer = new BlobWriter({ backend, index, indexWriter, workers, compress, signal });
  const reader = new BlobReader({ backend, key, index, workers });
  const list = new SnapshotList(repository);
  const saveSnapshot = async (facts: SnapshotFacts) => {
    await writer.flush();
    signal.throwIfAborted();
    const plaintext = encodeSnapshot(facts);
    const id = await saveUnpacked(backend, key, { type: 'snapshots', plaintext, compress });
    return { ...facts, id, original: undefined };
  };
  try {
    return await work({
      repository,
      where,
      reader,
      writer,
      signal,
      readSnapshot: (id) => readSnapshot(repository, id),
      taggedSnapshots: (tag) => list.tagged(tag),
      saveSnapshot,
    });
  } finally {
    await writer.end();
    indexWriter.close();
    await indexWriter.flush().catch(() => undefined);
  }
}
