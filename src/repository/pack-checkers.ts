import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PackCheck, PackFindings } from './check-pack.ts';
import type { MasterKey } from './encryption.ts';
import type { FromPackChecker } from './pack-checker.ts';

interface Posted {
  readonly resolve: (findings: PackFindings) => void;
  readonly reject: (error: Error) => void;
}

/** Threads that check packs, started when the first one comes. Close it (`await using`) to end them. */
export class PackCheckers implements AsyncDisposable {
  readonly #key: MasterKey;
  readonly #threads: number;
  #lanes: readonly CheckerLane[] = [];
  #isClosed = false;

  constructor(key: MasterKey, options: { readonly threads?: number | undefined } = {}) {
    this.#key = key;
    this.#threads = options.threads ?? Math.max(2, availableParallelism());
  }

  /** The bytes are handed over. The caller bounds how many packs are under way. */
  check(check: PackCheck): Promise<PackFindings> {
    if (this.#isClosed) return Promise.reject(new Error('the threads that check packs were closed'));
    if (this.#lanes.length === 0)
      this.#lanes = Array.from({ length: this.#threads }, () => new CheckerLane(this.#key));
    return this.#lanes.reduce((a, b) => (b.waiting < a.waiting ? b : a)).post(check);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#lanes.map((lane) => lane.end()));
  }
}

class CheckerLane {
  readonly #worker: Worker;
  readonly #started = Promise.withResolvers<void>();
  readonly #posted: Posted[] = [];
  #failure: Error | undefined;

  constructor(key: MasterKey) {
    this.#worker = new Worker(new URL(`./pack-checker${extname(import.meta.url)}`, import.meta.url), {
      workerData: key,
    });
    this.#worker.on('message', (words: FromPackChecker) => {
      if (words === 'ready') this.#started.resolve();
      else this.#posted.shift()?.resolve(words);
    });
    this.#worker.on('error', (error) =>
      this.#fail(error instanceof Error ? error : new Error(String(error))),
    );
    this.#worker.on('exit', () => this.#fail(new Error('a thread that checks packs ended early')));
  }

  get waiting(): number {
    return this.#posted.length;
  }

  post(check: PackCheck): Promise<PackFindings> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#posted.push({ resolve, reject });
      this.#worker.postMessage(check, [check.bytes.buffer]);
    });
  }

  /** A thread that is ended while it starts has taken the process with it: so it may start first. */
  async end(): Promise<void> {
    await this.#started.promise;
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#started.resolve();
    for (const { reject } of this.#posted.splice(0)) reject(error);
  }
}
