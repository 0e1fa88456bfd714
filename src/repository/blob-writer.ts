import type { Backend } from './backend.ts';
import type { BlobIndex } from './blob-index.ts';
import type { BlobWorkers } from './blob-workers.ts';
import { ByteBudget } from './byte-budget.ts';
import type { IndexWriter } from './index-writer.ts';
import { type BlobId, type BlobType, blobId, parseFileId, toHex } from './object-id.ts';
import { PackBuilder } from './pack-builder.ts';
import { releaseMemory } from './release-memory.ts';
import type { BlobSaver } from './store.ts';

export interface SavedBlob {
  readonly id: BlobId;
  /** Plaintext bytes. */
  readonly length: number;
  /** Bytes that it added to the repository; 0 when it was there already. */
  readonly storedBytes: number;
}

export interface BlobWriterParts {
  readonly backend: Backend;
  readonly index: BlobIndex;
  readonly indexWriter: IndexWriter;
  readonly workers: BlobWorkers;
  /** False for a repository of version 1. */
  readonly compress: boolean;
  readonly signal: AbortSignal;
}

const BYTES_UNDER_WAY = 32 << 20;
const PACKS_UNDER_WAY = 2;
const NONE_STORED: ReadonlyMap<BlobId, number> = new Map();

/**
 * Saves blobs: each once, whoever saves it. All pipelines of a process share one. Memory: 32 MiB of blobs under way, two
 * packs being filled and two being stored, 16 MiB each. While two are being stored, blobs that were put into a pack stay
 * under way, so that a slow backend slows its callers. After a failure nothing more is saved:
 * every later call, `flush` too, fails with the first cause.
 */
export class BlobWriter implements BlobSaver {
  readonly #parts: BlobWriterParts;
  readonly #budget = new ByteBudget(BYTES_UNDER_WAY);
  readonly #packBudget = new ByteBudget(PACKS_UNDER_WAY);
  readonly #builders: Record<BlobType, PackBuilder> = {
    data: new PackBuilder('data'),
    tree: new PackBuilder('tree'),
  };
  /** Blobs that were taken on but are in no stored pack yet. */
  readonly #taken = new Set<string>();
  readonly #storing = new Set<Promise<void>>();
  readonly #saving = new Set<Promise<unknown>>();
  readonly #zeros = new Map<number, Promise<SavedBlob>>();
  #failure: { readonly cause: unknown } | undefined;

  constructor(parts: BlobWriterParts) {
    this.#parts = parts;
    parts.signal.addEventListener('abort', () => this.#fail(parts.signal.reason), { once: true });
    if (parts.signal.aborted) this.#fail(parts.signal.reason);
  }

  /**
   * Takes a blob on as soon as there is room (awaiting this is the back-pressure); `done` resolves when it was
   * hashed and, unless it was there, put into a pack (not yet stored: that is `flush`). The bytes are handed over.
   */
  async start(
    type: BlobType,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<{ readonly done: Promise<SavedBlob> }> {
    await this.#budget.take(bytes.length);
    return { done: this.#track(this.#save(type, bytes)) };
  }

  /** The same for many small blobs: two messages to a thread for all of them. */
  async startMany(
    type: BlobType,
    blobs: readonly Uint8Array<ArrayBuffer>[],
  ): Promise<{ readonly done: Promise<readonly SavedBlob[]> }> {
    const bytes = blobs.reduce((sum, { length }) => sum + length, 0);
    await this.#budget.take(bytes);
    return { done: this.#track(this.#saveMany(type, blobs).finally(() => this.#budget.give(bytes))) };
  }

  /** `start`, and its end. */
  async save(type: BlobType, bytes: Uint8Array<ArrayBuffer>): Promise<SavedBlob> {
    return (await this.start(type, bytes)).done;
  }

  /** Saves a data blob of so many zeros. Each length is hashed once. */
  saveZeros(length: number): Promise<SavedBlob> {
    const known = this.#zeros.get(length) ?? this.save('data', new Uint8Array(length));
    this.#zeros.set(length, known);
    return known;
  }

  /**
   * Saves a blob that is too large to be handed over whole. Only if it is not there, `make` is called for what is to be
   * stored: compressed, or as it is in a repository that knows no compression.
   */
  async saveLarge(
    type: BlobType,
    blob: { readonly id: BlobId; readonly length: number },
    make: (compress: boolean) => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<SavedBlob> {
    this.#check();
    if (!this.#takeOn(type, blob.id)) return { ...blob, storedBytes: 0 };
    return this.#track(this.#encrypt(type, blob, make));
  }

  /** Resolves when everything that was started so far, by anybody, is stored and indexed durably. */
  async flush(): Promise<void> {
    await Promise.allSettled([...this.#saving]);
    for (const type of ['data', 'tree'] as const) if (!this.#builders[type].isEmpty) this.#startStoring(type);
    await Promise.allSettled([...this.#storing]);
    this.#check();
    await this.#parts.indexWriter.flush();
  }

  /** Saves nothing more; resolves when nothing is under way. Call it before the workers are closed. */
  async end(): Promise<void> {
    this.#fail(new Error('the session has ended'));
    await Promise.allSettled([...this.#saving]);
    await Promise.allSettled([...this.#storing]);
  }

  async #save(type: BlobType, bytes: Uint8Array<ArrayBuffer>): Promise<SavedBlob> {
    const length = bytes.length;
    try {
      this.#check();
      const hashed = await this.#parts.workers.run<'hash'>({ kind: 'hash', bytes });
      const id = blobId(hashed.id);
      if (this.#takeOn(type, id)) return await this.#seal(type, id, hashed.bytes);
      releaseMemory(hashed.bytes);
      return { id, length, storedBytes: 0 };
    } finally {
      this.#budget.give(length);
    }
  }

  async #saveMany(type: BlobType, blobs: readonly Uint8Array<ArrayBuffer>[]): Promise<readonly SavedBlob[]> {
    this.#check();
    const lengths = blobs.map(({ length }) => length);
    const hashed = await this.#parts.workers.run<'hash-many'>({ kind: 'hash-many', blobs });
    const ids = lengths.map((_, index) => blobId(hashed.ids.slice(index * 32, index * 32 + 32)));
    const fresh = hashed.blobs.flatMap((bytes, index) => {
      const id = ids[index];
      return id !== undefined && this.#takeOn(type, id) ? [{ id, bytes }] : [];
    });
    const storedBytes = fresh.length === 0 ? NONE_STORED : await this.#sealMany(type, fresh);
    for (const bytes of hashed.blobs) releaseMemory(bytes);
    return ids.map((id, index) => ({
      id,
      length: lengths[index] ?? 0,
      storedBytes: storedBytes.get(id) ?? 0,
    }));
  }

  /** @returns how many bytes each takes */
  async #sealMany(
    type: BlobType,
    fresh: readonly { readonly id: BlobId; readonly bytes: Uint8Array<ArrayBuffer> }[],
  ): Promise<ReadonlyMap<BlobId, number>> {
    const storedBytes = new Map<BlobId, number>();
    const { compress, workers } = this.#parts;
    const blobs = fresh.map(({ bytes }) => bytes);
    const many = await workers.run({ kind: 'seal-many', blobs, compress });
    let at = 0;
    for (const [index, { id }] of fresh.entries()) {
      const sealed = many.sealed.slice(at, at + (many.lengths[index] ?? 0));
      storedBytes.set(id, sealed.length);
      at += sealed.length;
      await this.#addToPack(type, id, { sealed, uncompressedLength: many.uncompressedLengths[index] ?? 0 });
    }
    releaseMemory(many.sealed);
    return storedBytes;
  }

  #takeOn(type: BlobType, id: BlobId): boolean {
    const key = type + toHex(id);
    if (this.#taken.has(key) || this.#parts.index.has(id, type)) return false;
    this.#taken.add(key);
    return true;
  }

  async #seal(type: BlobType, id: BlobId, bytes: Uint8Array<ArrayBuffer>): Promise<SavedBlob> {
    const length = bytes.length;
    const blob = await this.#parts.workers.run({ kind: 'seal', bytes, compress: this.#parts.compress });
    const storedBytes = blob.sealed.length;
    await this.#addToPack(type, id, blob);
    return { id, length, storedBytes };
  }

  async #encrypt(
    type: BlobType,
    { id, length }: { readonly id: BlobId; readonly length: number },
    make: (compress: boolean) => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<SavedBlob> {
    const { compress, workers } = this.#parts;
    const { sealed } = await workers.run({ kind: 'encrypt', bytes: await make(compress) });
    const storedBytes = sealed.length;
    await this.#addToPack(type, id, { sealed, uncompressedLength: compress ? length : 0 });
    return { id, length, storedBytes };
  }

  /** The sealed bytes are gone afterwards. */
  async #addToPack(
    type: BlobType,
    id: BlobId,
    blob: { sealed: Uint8Array<ArrayBuffer>; uncompressedLength: number },
  ): Promise<void> {
    this.#check();
    this.#builders[type].add(id, blob.sealed, blob.uncompressedLength);
    if (this.#builders[type].isFull) this.#startStoring(type);
    while (this.#storing.size >= PACKS_UNDER_WAY) await Promise.race(this.#storing);
  }

  #startStoring(type: BlobType): void {
    const builder = this.#builders[type];
    this.#builders[type] = new PackBuilder(type);
    const stored = this.#store(builder)
      .catch((cause: unknown) => this.#fail(cause))
      .finally(() => this.#storing.delete(stored));
    this.#storing.add(stored);
  }

  async #store(builder: PackBuilder): Promise<void> {
    await this.#packBudget.take(1);
    try {
      this.#check();
      const { bytes, entries } = builder;
      const pack = await this.#parts.workers.run({ kind: 'pack', blobs: bytes, entries });
      const id = parseFileId(pack.id);
      if (id === undefined) throw new Error('a digest that is none');
      await this.#parts.backend.save({ type: 'data', name: id }, pack.file);
      releaseMemory(pack.file);
      await this.#parts.indexWriter.add({ id, entries });
      for (const entry of entries) this.#taken.delete(builder.type + toHex(entry.id));
    } finally {
      this.#packBudget.give(1);
    }
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#saving.add(work);
    try {
      return await work;
    } catch (cause) {
      this.#fail(cause);
      throw cause;
    } finally {
      this.#saving.delete(work);
    }
  }

  #fail(cause: unknown): void {
    this.#failure ??= { cause };
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
  }
}
