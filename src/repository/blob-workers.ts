import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type BlobResult,
  type BlobTask,
  type FromBlobWorker,
  type MadePack,
  transferables,
} from './blob-work.ts';
import type { MasterKey } from './encryption.ts';
import { splitIds } from './joined-ids.ts';
import type { BlobId, BlobType } from './object-id.ts';
import { releaseMemory } from './release-memory.ts';

/** Tasks are posted to a worker before it has finished the last one, so that it never waits for the main thread. */
const POSTED_AT_ONCE = 4;
/**
 * What a thread makes is short-lived, and small objects hold memory outside the heap: with the 16 MiB that are usual, two
 * threads took 100 MB more and were no faster.
 */
const YOUNG_GENERATION_MIB = 4;

interface Posted {
  readonly resolve: (result: BlobResult) => void;
  readonly reject: (error: Error) => void;
}

/** A stored blob is not what its id says. */
export class BlobDamage extends Error {
  override readonly name = 'BlobDamage';
}

type ResultOf<K extends string> = Extract<BlobResult, { kind: K }>;

/** Blobs that a thread has hashed and keeps; exactly one of the two is called. */
export interface HeldBlobs {
  /** In the order in which they were handed over. */
  readonly ids: readonly BlobId[];
  /**
   * Puts some of them, by number, into the pack that the thread fills. Each pack that became full is to be freed once it is
   * stored.
   */
  seal(type: BlobType, wanted: readonly number[], compress: boolean): Promise<SealedBlobs>;
  drop(): void;
}

export interface SealedBlobs extends Pick<ResultOf<'seal'>, 'lengths'> {
  readonly packs: readonly FullPack[];
}

/** `free` takes its memory back: nothing may use the file afterwards. */
export interface FullPack extends MadePack {
  free(): void;
}

/** Blobs of a pack that is not full, to be freed like one. */
export interface Rest extends ResultOf<'take-rest'> {
  free(): void;
}

/**
 * Threads that hash, compress, encrypt, pack and open blobs, started at the latest when the first blob comes. Close it
 * (`await using`) to end them.
 */
export class BlobWorkers implements AsyncDisposable {
  readonly #key: MasterKey;
  readonly #threads: number;
  #lanes: readonly WorkerLane[] = [];
  readonly #waiting: ((lane: WorkerLane) => void)[] = [];
  #held = 0;
  #closed = false;

  constructor(key: MasterKey, options: { readonly threads?: number | undefined } = {}) {
    this.#key = key;
    this.#threads = options.threads ?? Math.max(2, availableParallelism());
  }

  /** Starts the threads while something else is waited for: it takes them a third of a second. */
  start(): void {
    if (this.#lanes.length > 0 || this.#closed) return;
    this.#lanes = Array.from(
      { length: this.#threads },
      () => new WorkerLane(this.#key, () => this.#dispatch()),
    );
  }

  /**
   * Does one task in some thread. The task's buffers are handed over and can't be used afterwards.
   * The caller bounds how many tasks it has under way.
   * @throws BlobDamage when a blob that is opened is not what its id says
   */
  async run<K extends 'encrypt' | 'pack' | 'open' | 'open-into'>(
    task: Extract<BlobTask, { kind: K }>,
  ): Promise<ResultOf<K>> {
    return (await this.#free()).ask<K>(task);
  }

  /** Hashes blobs in one thread, which keeps them. They may be views of one buffer, which is handed over whole; shared memory is lent. */
  async hold(blobs: readonly Uint8Array[]): Promise<HeldBlobs> {
    const lane = await this.#free();
    const held = this.#held++;
    const { ids } = await lane.ask<'hold'>({ kind: 'hold', held, blobs });
    return {
      ids: splitIds(ids),
      seal: async (type, wanted, compress) => {
        const { lengths, packs } = await lane.ask<'seal'>({ kind: 'seal', held, wanted, type, compress });
        return { lengths, packs: packs.map((pack) => ({ ...pack, free: () => lane.takeBack(pack.file) })) };
      },
      drop: () => lane.tell({ kind: 'drop', held }),
    };
  }

  /** What each thread has of a pack that is not full yet. */
  takeRests(type: BlobType): Promise<readonly Rest[]> {
    return Promise.all(
      this.#lanes.map(async (lane) => {
        const rest = await lane.ask<'take-rest'>({ kind: 'take-rest', type });
        return { ...rest, free: () => lane.takeBack(rest.blobs) };
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#lanes.map((lane) => lane.end()));
    this.#dispatch();
  }

  /** First come, first served. */
  #free(): Promise<WorkerLane> {
    if (this.#closed) return Promise.reject(new Error('the blob workers were closed'));
    this.start();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const lane = this.#lanes.reduce((a, b) => (b.load < a.load ? b : a));
      if (lane.load >= POSTED_AT_ONCE && !this.#closed) return;
      lane.reserve();
      this.#waiting.shift()?.(lane);
    }
  }
}

class WorkerLane {
  readonly #worker: Worker;
  readonly #started = Promise.withResolvers<void>();
  readonly #posted: Posted[] = [];
  /** Given to somebody who has not asked yet. */
  #reserved = 0;
  #failure: Error | undefined;
  #ending = false;

  constructor(key: MasterKey, whenFree: () => void) {
    this.#worker = new Worker(new URL(`./blob-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: key,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
    this.#worker.unref();
    this.#worker.on('message', (result: FromBlobWorker) => {
      if (result.kind === 'ready') return this.#started.resolve();
      this.#posted.shift()?.resolve(result);
      if (this.#posted.length === 0 && !this.#ending) this.#worker.unref();
      whenFree();
    });
    this.#worker.on('error', (error) =>
      this.#fail(error instanceof Error ? error : new Error(String(error))),
    );
    this.#worker.on('exit', () => this.#fail(new Error('a blob worker ended early')));
  }

  get load(): number {
    return this.#posted.length + this.#reserved;
  }

  /** The next `ask` is that of whoever was given the lane. */
  reserve(): void {
    this.#reserved += 1;
  }

  /** @throws BlobDamage, and Error when the thread has ended */
  ask<K extends BlobTask['kind']>(task: Extract<BlobTask, { kind: K }>): Promise<ResultOf<K>> {
    if (task.kind !== 'seal' && task.kind !== 'take-rest') this.#reserved -= 1;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const settle = (result: BlobResult) => {
        if (isResultOf<K>(result, task.kind)) resolve(result);
        else if (result.kind === 'damaged') reject(new BlobDamage(result.what));
        else reject(new Error(`a blob worker answered ${result.kind} to ${task.kind}`));
      };
      this.#worker.ref();
      this.#posted.push({ resolve: settle, reject });
      this.#worker.postMessage(task, transferables(task));
    });
  }

  /** A task without a result. */
  tell(task: BlobTask): void {
    if (this.#failure === undefined) this.#worker.postMessage(task, transferables(task));
  }

  /** Frees memory that came from the thread. */
  takeBack({ buffer }: Uint8Array): void {
    if (buffer instanceof SharedArrayBuffer) this.tell({ kind: 'give-back', memory: buffer });
    else releaseMemory(new Uint8Array(buffer));
  }

  /** A thread that is ended while it starts has taken the process with it: so it may start first. */
  async end(): Promise<void> {
    // Without this nothing may keep the process alive until the thread is gone, and it would end in the middle.
    this.#ending = true;
    this.#worker.ref();
    await this.#started.promise;
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#started.resolve();
    for (const { reject } of this.#posted.splice(0)) reject(error);
  }
}

function isResultOf<K extends BlobTask['kind']>(result: BlobResult, kind: string): result is ResultOf<K> {
  return result.kind === kind;
}
