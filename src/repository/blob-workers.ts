import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type BlobResult, type BlobTask, transferables } from './blob-work.ts';
import type { MasterKey } from './encryption.ts';

/** A task is posted to a worker before it has finished the last one, so that it never waits for the main thread. */
const POSTED_AT_ONCE = 2;
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

type ResultOf<K extends BlobTask['kind']> = Extract<BlobResult, { kind: K }>;

/** Threads that hash, compress, encrypt and open blobs. Close it (`await using`) to end them. */
export class BlobWorkers implements AsyncDisposable {
  readonly #workers: readonly WorkerLane[];
  readonly #waiting: { readonly task: BlobTask; readonly posted: Posted }[] = [];

  constructor(key: MasterKey, options: { readonly threads?: number } = {}) {
    const threads = options.threads ?? Math.max(2, availableParallelism());
    this.#workers = Array.from({ length: threads }, () => new WorkerLane(key, () => this.#dispatch()));
  }

  /**
   * Does one task in some thread. The task's buffers are handed over and can't be used afterwards.
   * The caller bounds how many tasks it has under way.
   * @throws BlobDamage when a blob that is opened is not what its id says
   */
  run<K extends BlobTask['kind']>(task: Extract<BlobTask, { kind: K }>): Promise<ResultOf<K>> {
    return new Promise((resolve, reject) => {
      const settle = (result: BlobResult) => {
        if (isResultOf<K>(result, task.kind)) resolve(result);
        else if (result.kind === 'damaged') reject(new BlobDamage(result.what));
        else reject(new Error(`a blob worker answered ${result.kind} to ${task.kind}`));
      };
      this.#waiting.push({ task, posted: { resolve: settle, reject } });
      this.#dispatch();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { posted } of this.#waiting.splice(0))
      posted.reject(new Error('the blob workers were closed'));
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const free = this.#workers.reduce((a, b) => (b.posted < a.posted ? b : a));
      if (free.posted >= POSTED_AT_ONCE) return;
      const next = this.#waiting.shift();
      if (next !== undefined) free.post(next.task, next.posted);
    }
  }
}

class WorkerLane {
  readonly #worker: Worker;
  readonly #posted: Posted[] = [];
  #failure: Error | undefined;
  #ending = false;

  constructor(key: MasterKey, whenFree: () => void) {
    this.#worker = new Worker(new URL(`./blob-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: key,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
    this.#worker.unref();
    this.#worker.on('message', (result: BlobResult) => {
      this.#posted.shift()?.resolve(result);
      if (this.#posted.length === 0 && !this.#ending) this.#worker.unref();
      whenFree();
    });
    this.#worker.on('error', (error) =>
      this.#fail(error instanceof Error ? error : new Error(String(error))),
    );
    this.#worker.on('exit', () => this.#fail(new Error('a blob worker ended early')));
  }

  get posted(): number {
    return this.#posted.length;
  }

  post(task: BlobTask, posted: Posted): void {
    if (this.#failure !== undefined) {
      posted.reject(this.#failure);
      return;
    }
    this.#worker.ref();
    this.#posted.push(posted);
    this.#worker.postMessage(task, transferables(task));
  }

  async end(): Promise<void> {
    // Without this nothing may keep the process alive until the thread is gone, and it would end in the middle.
    this.#ending = true;
    this.#worker.ref();
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#posted.splice(0)) reject(error);
  }
}

function isResultOf<K extends BlobTask['kind']>(result: BlobResult, kind: string): result is ResultOf<K> {
  return result.kind === kind;
}
