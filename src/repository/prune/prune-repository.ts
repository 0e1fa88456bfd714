import { BlobIndex } from '../blob-index.ts';
import { BlobReader } from '../blob-reader.ts';
import { BlobWorkers } from '../blob-workers.ts';
import { damaged } from '../damaged-error.ts';
import { encodeIndexFile, type IndexedPack, parseIndexFile } from '../index-file.ts';
import { type FileId, parseFileId } from '../object-id.ts';
import { readSnapshots } from '../read-snapshots.ts';
import type { Repository } from '../repository.ts';
import { withRepositoryLock } from '../repository-lock.ts';
import { loadUnpacked, saveUnpacked } from '../unpacked-file.ts';
import { findUsed, type UsedBlobs } from './find-used.ts';
import { type PackUse, type PruneDecision, planPrune } from './plan-prune.ts';
import { Repacker } from './repacker.ts';

export interface PruneOptions {
  /** 0 to 1: how much of what is stored may stay although nothing refers to it. */
  readonly mostUnusedShare: number;
  readonly threads?: number;
  readonly onProgress?: (progress: PruneProgress) => void;
  readonly signal: AbortSignal;
}

export interface PruneProgress {
  readonly phase: 'finding' | 'repacking' | 'removing';
  /** Snapshots, or packs. */
  readonly done: number;
  readonly total: number;
}

export interface PruneReport {
  readonly snapshots: number;
  readonly removedPacks: number;
  readonly repackedPacks: number;
  /** Packs in no index: what interrupted runs left. */
  readonly strayPacks: number;
  /** Of files. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Of files that somebody began to write, and was killed. They are in none of the other numbers. */
  readonly brokenOffBytes: number;
  readonly unusedBytesLeft: number;
}

/** Nobody else stores packs meanwhile, but a lock, or a clock that is a little wrong, may be. */
const LONGEST_SAVE_MS = 60 * 60_000;
/** Keeps an index file below 8 MiB, as `index-writer.ts` does. */
const MOST_BLOBS_OF_INDEX = 40_000;

/**
 * Removes what no snapshot refers to, under an exclusive lock. The order makes it safe to interrupt anywhere: new packs are
 * durable before an index names them, the new indexes are before an old one goes, and a pack goes when no index names it.
 * Until then nothing that a snapshot needs has only one place that is about to vanish; afterwards prune finishes the rest.
 * @throws UserError `repository-locked`; `repository-damaged` when something that is used cannot be read: nothing was removed
 */
export async function pruneRepository(repository: Repository, options: PruneOptions): Promise<PruneReport> {
  const lock = { lock: 'exclusive', signal: options.signal } as const;
  return withRepositoryLock(repository, lock, async (signal) => {
    await using workers = new BlobWorkers(repository.key, { threads: options.threads });
    return await new Pruning({ repository, workers, options: { ...options, signal } }).run();
  });
}

interface PruningParts {
  readonly repository: Repository;
  readonly workers: BlobWorkers;
  readonly options: PruneOptions;
}

class Pruning {
  readonly #parts: PruningParts;
  /** Of the packs that are there. */
  readonly #index = new BlobIndex();
  /** Packs that an index names and that are not there. */
  readonly #missing = new Set<FileId>();
  /** Index files that another one supersedes: what they say counts no longer. */
  readonly #superseded = new Set<string>();

  constructor(parts: PruningParts) {
    this.#parts = parts;
  }

  async run(): Promise<PruneReport> {
    const { backend } = this.#parts.repository;
    const stored = new Map((await backend.list('data')).map(({ name, size }) => [name, size]));
    await this.#loadIndexes(stored);
    const snapshots = await readSnapshots(this.#parts.repository);
    const used = await this.#findUsed(snapshots);
    this.#checkAllFound(used);
    const decision = planPrune(await this.#usesOf(used), this.#parts.options.mostUnusedShare);
    const stray = [...stored.keys()].filter((name) => !this.#namesPack(name));
    const newPacks = await this.#repack(decision, used);
    const gone = new Set([...decision.remove, ...decision.repack, ...this.#missing]);
    await this.#replaceIndexes(gone, newPacks);
    await this.#removePacks([...decision.remove, ...decision.repack, ...stray]);
    const brokenOffBytes = await backend.sweep(Date.now() - LONGEST_SAVE_MS);
    const total = (files: Iterable<{ readonly size: number }>) =>
      [...files].reduce((sum, { size }) => sum + size, 0);
    return {
      snapshots: snapshots.length,
      removedPacks: decision.remove.length,
      repackedPacks: decision.repack.length,
      strayPacks: stray.length,
      bytesBefore: [...stored.values()].reduce((sum, size) => sum + size, 0),
      brokenOffBytes,
      bytesAfter: total(await backend.list('data')),
      unusedBytesLeft: decision.unusedBytesLeft,
    };
  }

  async #loadIndexes(stored: ReadonlyMap<string, number>): Promise<void> {
    for await (const { supersedes } of this.#readIndexes())
      for (const id of supersedes) this.#superseded.add(id);
    for await (const { name, packs } of this.#readIndexes()) {
      if (this.#superseded.has(name)) continue;
      for (const pack of packs) {
        if (stored.has(pack.id)) this.#index.add(pack);
        else this.#missing.add(pack.id);
      }
    }
  }

  async *#readIndexes() {
    const { backend, key } = this.#parts.repository;
    for (const name of await backend.names('index')) {
      this.#parts.options.signal.throwIfAborted();
      yield { name, ...parseIndexFile(await loadUnpacked(backend, key, { type: 'index', name }), name) };
    }
  }

  #namesPack(name: string): boolean {
    const id = parseFileId(name);
    return id !== undefined && this.#index.hasPack(id);
  }

  #findUsed(snapshots: Awaited<ReturnType<typeof readSnapshots>>): Promise<UsedBlobs> {
    const { repository, workers, options } = this.#parts;
    const { backend, key } = repository;
    const reader = new BlobReader({ backend, key, index: this.#index, workers });
    let done = 0;
    return findUsed(snapshots, {
      reader,
      signal: options.signal,
      onSnapshot: () => {
        done += 1;
        options.onProgress?.({ phase: 'finding', done, total: snapshots.length });
      },
    });
  }

  /** Whether the place that counts for a blob is in this pack: of two, one is unused. */
  #isUsed(pack: FileId, { id, type }: IndexedPack['entries'][number], used: UsedBlobs): boolean {
    const wanted = type === 'tree' ? used.trees.has(id) : used.data.has(id);
    return wanted && this.#index.find(id, type)?.pack === pack;
  }

  async #usesOf(used: UsedBlobs): Promise<readonly PackUse[]> {
    const uses = new Map<FileId, PackUse>();
    for await (const { packs } of this.#readIndexes())
      for (const pack of packs)
        if (this.#index.hasPack(pack.id) && !uses.has(pack.id)) uses.set(pack.id, this.#useOf(pack, used));
    return [...uses.values()];
  }

  #useOf(pack: IndexedPack, used: UsedBlobs): PackUse {
    let usedBytes = 0;
    let unusedBytes = 0;
    for (const entry of pack.entries) {
      if (this.#isUsed(pack.id, entry, used)) usedBytes += entry.length;
      else unusedBytes += entry.length;
    }
    const types = new Set(pack.entries.map(({ type }) => type));
    const [type = 'data', ...others] = types;
    return { id: pack.id, type: others.length > 0 ? 'mixed' : type, usedBytes, unusedBytes };
  }

  #checkAllFound({ data }: UsedBlobs): void {
    for (const id of data)
      if (!this.#index.has(id, 'data'))
        throw damaged(
          `data blob ${Buffer.from(id).toString('hex')}`,
          'a snapshot needs it, and no index names it',
        );
  }

  async #repack(decision: PruneDecision, used: UsedBlobs): Promise<readonly IndexedPack[]> {
    const { repository, workers, options } = this.#parts;
    const wanted = new Set<FileId>(decision.repack);
    const newPacks: IndexedPack[] = [];
    const repacker = new Repacker({
      backend: repository.backend,
      workers,
      onPack: (pack) => newPacks.push(pack),
    });
    let done = 0;
    for await (const { packs } of this.#readIndexes()) {
      for (const pack of packs) {
        if (!wanted.delete(pack.id)) continue;
        const entries = pack.entries.filter((entry) => this.#isUsed(pack.id, entry, used));
        await repacker.copy(pack.id, entries, options.signal);
        done += 1;
        options.onProgress?.({ phase: 'repacking', done, total: decision.repack.length });
      }
    }
    await repacker.end();
    return newPacks;
  }

  /** Index files that name a pack that goes are replaced; all that is new is durable before the first of them is removed. */
  async #replaceIndexes(gone: ReadonlySet<FileId>, newPacks: readonly IndexedPack[]): Promise<void> {
    const { repository, options } = this.#parts;
    const outdated = new Set(this.#superseded);
    for await (const { name, packs } of this.#readIndexes())
      if (packs.some(({ id }) => gone.has(id))) outdated.add(name);
    const writer = new IndexFiles(repository);
    for (const pack of newPacks) await writer.add(pack);
    for await (const { name, packs } of this.#readIndexes()) {
      if (!outdated.has(name) || this.#superseded.has(name)) continue;
      for (const pack of packs) if (!gone.has(pack.id)) await writer.add(pack);
    }
    await writer.end();
    for (const name of outdated) {
      options.signal.throwIfAborted();
      if (!writer.written.has(name)) await repository.backend.remove({ type: 'index', name });
    }
  }

  async #removePacks(packs: readonly string[]): Promise<void> {
    const { repository, options } = this.#parts;
    for (const [index, name] of packs.entries()) {
      options.signal.throwIfAborted();
      await repository.backend.remove({ type: 'data', name });
      options.onProgress?.({ phase: 'removing', done: index + 1, total: packs.length });
    }
  }
}

/** Writes index files of a bounded size. */
class IndexFiles {
  /** Names of the files. */
  readonly written = new Set<string>();
  readonly #repository: Repository;
  readonly #added = new Set<FileId>();
  #packs: IndexedPack[] = [];
  #blobs = 0;

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /** A pack that was added before is left out. */
  async add(pack: IndexedPack): Promise<void> {
    if (this.#added.has(pack.id)) return;
    this.#added.add(pack.id);
    this.#packs.push(pack);
    this.#blobs += pack.entries.length;
    if (this.#blobs >= MOST_BLOBS_OF_INDEX) await this.end();
  }

  async end(): Promise<void> {
    if (this.#packs.length === 0) return;
    const { backend, key, config } = this.#repository;
    const plaintext = encodeIndexFile(this.#packs);
    this.written.add(
      await saveUnpacked(backend, key, { type: 'index', plaintext, compress: config.version >= 2 }),
    );
    this.#packs = [];
    this.#blobs = 0;
  }
}
