import type { Backend } from './backend.ts';
import type { BlobIndex } from './blob-index.ts';
import type { BlobWorkers, FullPack } from './blob-workers.ts';
import { ByteBudget } from './byte-budget.ts';
import type { IndexWriter } from './index-writer.ts';
import { type BlobId, type BlobType, parseFileId, toHex } from './object-id.ts';
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

/**
 * Saves blobs: each once, whoever saves it. All pipelines of a process share one. Memory: 32 MiB of blobs under way, a
 * pack for each thread being filled and two being stored, 16 MiB each. While two are being stored, blobs that were put into a pack stay
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
   * hashed and, unless it was there, put into a pack (not yet stored: that is `flush`). The bytes are handed over, or lent.
   */
  async start(type: BlobType, bytes: Uint8Array): Promise<{ readonly done: Promise<SavedBlob> }> {
    const { done } = await this.startMany(type, [bytes]);
    return { done: done.then(onlyOne) };
  }

  /** The same for many small blobs: two messages to a thread for all of them. */
  async startMany(
    type: BlobType,
    blobs: readonly Uint8Array[],
  ): Promise<{ readonly done: Promise<readonly SavedBlob[]> }> {
    const bytes = blobs.reduce((sum, { length }) => sum + length, 0);
    await this.#budget.take(bytes);
    return { done: this.#track(this.#save(type, blobs).finally(() => this.#budget.give(bytes))) };
  }

  /** `start`, and its end. */
  async save(type: BlobType, bytes: Uint8Array): Promise<SavedBlob> {
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
    for (const type of ['data', 'tree'] as const) await this.#collectRests(type);
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

  async #save(type: BlobType, blobs: readonly Uint8Array[]): Promise<readonly SavedBlob[]> {
    this.#check();
    const { workers, compress } = this.#parts;
    const lengths = blobs.map(({ length }) => length);
    const held = await workers.hold(blobs);
    const wanted = held.ids.flatMap((id, index) => (this.#takeOn(type, id) ? [index] : []));
    const storedBytes = new Map<number, number>();
    if (wanted.length === 0) held.drop();
    else {
      const sealed = await held.seal(type, wanted, compress);
      for (const [place, index] of wanted.entries()) storedBytes.set(index, sealed.lengths[place] ?? 0);
      for (const pack of sealed.packs) this.#startStoring(type, Promise.resolve(pack));
      await this.#untilRoom();
    }
    return held.ids.map((id, index) => ({
      id,
      length: lengths[index] ?? 0,
      storedBytes: storedBytes.get(index) ?? 0,
    }));
  }

  #takeOn(type: BlobType, id: BlobId): boolean {
    const key = type + toHex(id);
    if (this.#taken.has(key) || this.#parts.index.has(id, type)) return false;
    this.#taken.add(key);
    return true;
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
    if (this.#builders[type].isFull) this.#startStoring(type, this.#makePack(type));
    await this.#untilRoom();
  }

  async #untilRoom(): Promise<void> {
    while (this.#storing.size >= PACKS_UNDER_WAY) await Promise.race(this.#storing);
  }

  /** Of what the threads have not filled a pack with, so that a snapshot leaves one pack of each type and not one a thread. */
  async #collectRests(type: BlobType): Promise<void> {
    for (const { blobs, entries, free } of await this.#parts.workers.takeRests(type)) {
      for (const { id, offset, length, uncompressedLength } of entries)
        await this.#addToPack(type, id, { sealed: blobs.slice(offset, offset + length), uncompressedLength });
      free();
    }
    if (!this.#builders[type].isEmpty) this.#startStoring(type, this.#makePack(type));
  }

  async #makePack(type: BlobType): Promise<FullPack> {
    const { bytes, entries } = this.#builders[type];
    this.#builders[type] = new PackBuilder(type);
    const { pack } = await this.#parts.workers.run({ kind: 'pack', blobs: bytes, entries });
    return { ...pack, free: () => releaseMemory(pack.file) };
  }

  #startStoring(type: BlobType, pack: Promise<FullPack>): void {
    const stored = this.#store(type, pack)
      .catch((cause: unknown) => this.#fail(cause))
      .finally(() => this.#storing.delete(stored));
    this.#storing.add(stored);
  }

  async #store(type: BlobType, making: Promise<FullPack>): Promise<void> {
    const { file, entries, ...pack } = await making;
    await this.#packBudget.take(1);
    try {
      this.#check();
      const id = parseFileId(pack.id);
      if (id === undefined) throw new Error('a digest that is none');
      await this.#parts.backend.save({ type: 'data', name: id }, file);
      pack.free();
      await this.#parts.indexWriter.add({ id, entries });
      for (const entry of entries) this.#taken.delete(type + toHex(entry.id));
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

function onlyOne([one]: readonly SavedBlob[]): SavedBlob {
  if (one === undefined) throw new Error('a blob was saved and is gone');
  return one;
}
