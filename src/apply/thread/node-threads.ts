import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { NodeName } from '../../pve/guest.ts';
import type { Store } from '../../repository/store.ts';
import type { Retry } from '../../transport/with-retries.ts';
import type { Progress } from '../apply-event.ts';
import type { PlannedHost } from '../apply-host.ts';
import type { Attempt, NodeJob, RunFacts } from '../node-job.ts';
import { answerStoreCall } from './answer-store-call.ts';
import type { FromNode, NodeThreadData, ToNode } from './node-messages.ts';
import { fromPortableError, toPortableError } from './portable-error.ts';
import { type StoreCall, transferables } from './store-calls.ts';

/** Longer than it takes to close the way to a node. */
const GOODBYE_MS = 5_000;

/** What a dump leaves behind in the heap is short-lived, and holds memory outside of it (`blob-workers.ts`). */
const YOUNG_GENERATION_MIB = 4;

/** The threads of the nodes: each begun when first used, kept for what follows, ended together. */
export class NodeThreads implements AsyncDisposable {
  readonly #facts: RunFacts;
  readonly #signal: AbortSignal;
  readonly #threads = new Map<string, Promise<NodeThread>>();

  constructor(facts: RunFacts, signal: AbortSignal) {
    this.#facts = facts;
    this.#signal = signal;
  }

  /** @throws UserError `secret` */
  get(host: PlannedHost, node: NodeName): Promise<NodeThread> {
    const key = `${host.name}/${node}`;
    const thread = this.#threads.get(key) ?? this.#begin(host, node);
    this.#threads.set(key, thread);
    return thread;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const begun = await Promise.allSettled(this.#threads.values());
    await Promise.all(begun.map((one) => (one.status === 'fulfilled' ? one.value.end() : undefined)));
    this.#threads.clear();
  }

  async #begin(planned: PlannedHost, node: NodeName): Promise<NodeThread> {
    const { wayTo: _ofMainThread, ...host } = planned;
    const way = await planned.wayTo(node);
    return new NodeThread({ way, node, host, facts: this.#facts }, this.#signal);
  }
}

/** What a job needs of the main thread. */
export interface JobPorts {
  readonly store: Store;
  readonly onProgress: (progress: Progress) => void;
  readonly onWaiting: () => void;
  readonly onRetry: (retry: Retry) => void;
}

interface Job extends JobPorts {
  readonly resolve: (attempt: Attempt) => void;
  readonly reject: (error: unknown) => void;
}

interface Making {
  readonly resolve: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (error: Error) => void;
}

export class NodeThread {
  readonly #worker: Worker;
  readonly #making = new Map<number, Making>();
  #job: Job | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(data: NodeThreadData, signal: AbortSignal) {
    this.#worker = new Worker(new URL(`./node-thread${extname(import.meta.url)}`, import.meta.url), {
      workerData: data,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
    this.#worker.on('message', (message: FromNode) => this.#take(message));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error("a node's thread ended early")));
    const interrupt = () => this.#post({ kind: 'interrupt', error: toPortableError(signal.reason) });
    signal.addEventListener('abort', interrupt, { once: true });
    this.#worker.once('exit', () => signal.removeEventListener('abort', interrupt));
    if (signal.aborted) interrupt();
  }

  /** One job after the other. @throws Error when the thread has failed, which is a bug */
  async run(job: NodeJob, ports: JobPorts): Promise<Attempt> {
    if (this.#failure !== undefined) throw this.#failure.cause;
    if (this.#job !== undefined) throw new Error("a node's thread got a second job");
    const { signal, where } = ports.store;
    const lost = () => this.#post({ kind: 'store-lost', error: toPortableError(signal.reason) });
    signal.addEventListener('abort', lost, { once: true });
    try {
      return await new Promise<Attempt>((resolve, reject) => {
        this.#job = { ...ports, resolve, reject };
        this.#post({ kind: 'job', job, where });
        if (signal.aborted) lost();
      });
    } finally {
      signal.removeEventListener('abort', lost);
      this.#job = undefined;
    }
  }

  /** Closes the way to the node and ends the thread; one that does not end by itself is ended. */
  async end(): Promise<void> {
    if (this.#failure !== undefined) return;
    const gone = once(this.#worker, 'exit');
    this.#post({ kind: 'end' });
    const within = new AbortController();
    await Promise.race([
      gone,
      sleep(GOODBYE_MS, undefined, { signal: within.signal }).catch(() => undefined),
    ]);
    within.abort();
    await this.#worker.terminate();
  }

  #take(message: FromNode): void {
    switch (message.kind) {
      case 'progress':
        this.#job?.onProgress(message.progress);
        return;
      case 'waiting':
        this.#job?.onWaiting();
        return;
      case 'retrying':
        this.#job?.onRetry(message.retry);
        return;
      case 'done':
        this.#job?.resolve(message.attempt);
        return;
      case 'call':
        void this.#answer(message.number, message.call);
        return;
      case 'made':
        this.#making.get(message.call)?.resolve(message.bytes);
        return;
      case 'not-made':
        this.#making.get(message.call)?.reject(fromPortableError(message.error));
    }
  }

  async #answer(number: number, call: StoreCall): Promise<void> {
    const store = this.#job?.store;
    try {
      if (store === undefined) throw new Error("a node's thread calls without a job");
      const answer = await answerStoreCall(store, call, (compress) => this.#make(number, compress));
      this.#post({ kind: 'answer', call: number, answer }, transferables(answer));
    } catch (error) {
      this.#post({ kind: 'no-answer', call: number, error: toPortableError(error) });
    } finally {
      this.#making.delete(number);
    }
  }

  #make(call: number, compress: boolean): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      this.#making.set(call, { resolve, reject });
      this.#post({ kind: 'make', call, compress });
    });
  }

  #fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.#job?.reject(cause);
    for (const { reject } of this.#making.values())
      reject(cause instanceof Error ? cause : new Error(String(cause)));
  }

  #post(message: ToNode, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
