import { CLUSTER_BYTES, ZERO_CLUSTER } from '../formats/vma/block-mask.ts';
import type { SavedBlob } from '../repository/blob-writer.ts';
import type { BlobId } from '../repository/object-id.ts';
import type { BlobSaver } from '../repository/store.ts';
import type { FilePart } from '../snapshot/file-builder.ts';
import { StoredAmount } from '../snapshot/stored-amount.ts';
import type { ChunkMemory } from './chunk-memory.ts';
import { ChunkTable } from './chunk-table.ts';
import type { SpilledPiece, SpillFile } from './spill-file.ts';

export interface AssemblyBounds {
  /** Bytes of chunks that are not whole yet, in memory, over all disks of a guest. */
  readonly memoryBytes: number;
}

/** Writes a whole cluster; of the last one, zeros behind the disk's end. */
export type FillCluster = (target: Uint8Array) => void;

/** Shared by the disks of one guest. */
export interface AssemblyShared {
  readonly writer: BlobSaver;
  readonly spill: SpillFile;
  readonly bounds: AssemblyBounds;
  readonly memory: ChunkMemory;
  /** Chunks in memory that are not whole, oldest first, whichever disk they belong to. */
  readonly partial: Set<PartialChunk>;
  partialBytes: number;
  /** For the report. */
  spilledPieces: number;
  smallerBlobs: number;
}

export interface PartialChunk {
  readonly disk: DiskAssembler;
  readonly chunk: number;
  /** What is not said to be in it is anything. */
  bytes: Uint8Array<SharedArrayBuffer> | undefined;
  /** Clusters of the chunk that hold data and are in `bytes`. */
  readonly inMemory: Set<number>;
  readonly spilled: Map<number, SpilledPiece>;
  /** Set once the chunk is stored cluster by cluster. */
  split: Map<number, Promise<SavedBlob>> | undefined;
}

/**
 * Makes chunks of the clusters of one disk, which come in any order, each exactly once. A chunk is saved as soon
 * as it is whole. Memory is bounded: past the bound the oldest unfinished chunks go to the spill file, and past
 * that file's bound they are stored as blobs of one cluster.
 */
export class DiskAssembler {
  readonly size: number;
  readonly chunkBytes: number;
  readonly amount = new StoredAmount();
  readonly chunks = new ChunkTable();
  /** Bytes in clusters that held any data. */
  dataBytes = 0;
  readonly #shared: AssemblyShared;
  /** Clusters still missing, by chunk. */
  readonly #missing: Uint8Array;
  readonly #partial = new Map<number, PartialChunk>();
  readonly #saving = new Set<Promise<void>>();
  #failure: { readonly cause: unknown } | undefined;

  constructor(shared: AssemblyShared, disk: { readonly size: number; readonly chunkBytes: number }) {
    this.#shared = shared;
    this.size = disk.size;
    this.chunkBytes = disk.chunkBytes;
    this.#missing = new Uint8Array(Math.ceil(disk.size / disk.chunkBytes)).map((_, chunk) =>
      Math.ceil(this.chunkLength(chunk) / CLUSTER_BYTES),
    );
  }

  get chunkCount(): number {
    return this.#missing.length;
  }

  /** Bytes of a chunk; the last one is as long as the disk is. */
  chunkLength(chunk: number): number {
    return Math.min(this.chunkBytes, this.size - chunk * this.chunkBytes);
  }

  /** True when nothing must be awaited: a cluster of zeros in a chunk of which nothing else was seen. */
  takeZeros(cluster: number): boolean {
    const chunk = Math.floor((cluster * CLUSTER_BYTES) / this.chunkBytes);
    if (this.#partial.has(chunk)) return false;
    this.#missing[chunk] = (this.#missing[chunk] ?? 0) - 1;
    return true;
  }

  /**
   * Takes a cluster. `fill` writes all of it, zeros included; undefined for a cluster of zeros.
   * Awaiting is the back-pressure.
   */
  async take(cluster: number, fill: FillCluster | undefined): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.cause;
    const start = cluster * CLUSTER_BYTES;
    const chunk = Math.floor(start / this.chunkBytes);
    const left = (this.#missing[chunk] ?? 0) - 1;
    this.#missing[chunk] = left;
    const known = this.#partial.get(chunk);
    if (fill !== undefined) {
      this.dataBytes += Math.min(CLUSTER_BYTES, this.size - start);
      await this.#fill(
        known ?? this.#startChunk(chunk),
        cluster - (chunk * this.chunkBytes) / CLUSTER_BYTES,
        fill,
      );
    }
    if (left === 0) await this.#finish(chunk);
  }

  /** Resolves when all chunks are taken on by the repository. The caller has checked that no cluster is missing. */
  async end(): Promise<void> {
    await Promise.all(this.#saving);
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  /** The blobs of a chunk in order; none when it was never set: then it is zeros. */
  partsOf(chunk: number): readonly FilePart[] {
    const ids = this.chunks.get(chunk);
    const [only, ...more] = ids;
    if (only === undefined) return [];
    if (more.length === 0) return [{ id: only, length: this.chunkLength(chunk) }];
    return ids.map((id, index) => ({ id, length: this.#clusterLength(chunk, index) }));
  }

  #startChunk(chunk: number): PartialChunk {
    const started: PartialChunk = {
      disk: this,
      chunk,
      bytes: undefined,
      inMemory: new Set(),
      spilled: new Map(),
      split: undefined,
    };
    this.#partial.set(chunk, started);
    return started;
  }

  async #fill(partial: PartialChunk, index: number, fill: FillCluster): Promise<void> {
    if (partial.split !== undefined) {
      const bytes = new Uint8Array(CLUSTER_BYTES);
      fill(bytes);
      await this.#saveCluster(partial, index, bytes);
      return;
    }
    if (partial.bytes === undefined) await this.#makeRoom(partial);
    partial.bytes ??= this.#shared.memory.take(this.#paddedLength(partial.chunk));
    partial.inMemory.add(index);
    fill(partial.bytes.subarray(index * CLUSTER_BYTES, (index + 1) * CLUSTER_BYTES));
  }

  /** The buffer has whole clusters; what lies behind the disk's end is zeros and is cut off when it is saved. */
  #paddedLength(chunk: number): number {
    return Math.ceil(this.chunkLength(chunk) / CLUSTER_BYTES) * CLUSTER_BYTES;
  }

  async #makeRoom(partial: PartialChunk): Promise<void> {
    const shared = this.#shared;
    shared.partial.add(partial);
    shared.partialBytes += this.#paddedLength(partial.chunk);
    while (shared.partialBytes > shared.bounds.memoryBytes && shared.partial.size > 1) {
      const [oldest] = shared.partial;
      if (oldest === undefined) return;
      await oldest.disk.#evict(oldest);
    }
  }

  /** Moves a chunk's data out of memory: to the spill file, or, when that is full, into the repository. */
  async #evict(partial: PartialChunk): Promise<void> {
    const bytes = this.#dropFromMemory(partial);
    if (bytes === undefined) return;
    for (const index of [...partial.inMemory].sort((a, b) => a - b)) {
      const cluster = bytes.slice(index * CLUSTER_BYTES, (index + 1) * CLUSTER_BYTES);
      partial.inMemory.delete(index);
      if (partial.split === undefined && this.#shared.spill.isFull) await this.#split(partial);
      if (partial.split !== undefined) await this.#saveCluster(partial, index, cluster);
      else {
        partial.spilled.set(index, await this.#shared.spill.put(cluster));
        this.#shared.spilledPieces += 1;
      }
    }
    this.#shared.memory.giveBack(bytes);
  }

  async #split(partial: PartialChunk): Promise<void> {
    partial.split = new Map();
    for (const [index, place] of partial.spilled) {
      await this.#saveCluster(partial, index, Uint8Array.from(await this.#shared.spill.take(place)));
    }
    partial.spilled.clear();
  }

  /** @param bytes that nobody else uses */
  async #saveCluster(partial: PartialChunk, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { done } = await this.#shared.writer.start(
      'data',
      bytes.slice(0, this.#clusterLength(partial.chunk, index)),
    );
    done.catch(() => undefined);
    partial.split?.set(index, done);
    this.#shared.smallerBlobs += 1;
  }

  #clusterLength(chunk: number, index: number): number {
    return Math.min(CLUSTER_BYTES, this.chunkLength(chunk) - index * CLUSTER_BYTES);
  }

  /** @returns the memory of a chunk that is there no longer, to be given back */
  #dropFromMemory(partial: PartialChunk): Uint8Array<SharedArrayBuffer> | undefined {
    const { bytes } = partial;
    if (bytes === undefined) return undefined;
    partial.bytes = undefined;
    this.#shared.partial.delete(partial);
    this.#shared.partialBytes -= bytes.length;
    return bytes;
  }

  async #finish(chunk: number): Promise<void> {
    const partial = this.#partial.get(chunk);
    if (partial === undefined) return;
    this.#partial.delete(chunk);
    if (partial.split !== undefined) {
      this.#keep(this.#finishSplit(partial, partial.split));
      return;
    }
    const { memory, spill, writer } = this.#shared;
    const bytes = this.#dropFromMemory(partial) ?? memory.take(this.#paddedLength(chunk));
    for (let index = 0; index * CLUSTER_BYTES < bytes.length; index++) {
      const place = partial.spilled.get(index);
      if (place !== undefined) bytes.set(await spill.take(place), index * CLUSTER_BYTES);
      else if (!partial.inMemory.has(index)) ZERO_CLUSTER.copy(bytes, index * CLUSTER_BYTES);
    }
    const { done } = await writer.start('data', bytes.subarray(0, this.chunkLength(chunk)));
    this.#keep(
      done.then((saved) => {
        memory.giveBack(bytes);
        this.amount.count(saved);
        this.chunks.set(chunk, saved.id);
      }),
    );
  }

  async #finishSplit(partial: PartialChunk, split: ReadonlyMap<number, Promise<SavedBlob>>): Promise<void> {
    const ids: BlobId[] = [];
    for (let index = 0; index * CLUSTER_BYTES < this.chunkLength(partial.chunk); index++) {
      const saved = await (split.get(index) ??
        this.#shared.writer.saveZeros(this.#clusterLength(partial.chunk, index)));
      this.amount.count(saved);
      ids.push(saved.id);
    }
    this.chunks.setSplit(partial.chunk, ids);
  }

  #keep(saving: Promise<void>): void {
    const kept = saving.catch((cause: unknown) => {
      this.#failure ??= { cause };
    });
    this.#saving.add(kept);
    kept.finally(() => this.#saving.delete(kept));
  }
}
