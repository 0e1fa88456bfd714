import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Retry, withRetries } from '../../transport/with-retries.ts';
import type { Progress } from '../apply-event.ts';
import type { ApplyHost } from '../apply-host.ts';
import { KeptShell } from '../kept-shell.ts';
import { doNodeJob, type NodeJob } from '../node-job.ts';
import { openNodeWay } from '../node-way.ts';
import { lentStore, type StoreLine } from './lent-store.ts';
import type { FromNode, NodeThreadData, ToNode } from './node-messages.ts';
import { fromPortableError, toPortableError } from './portable-error.ts';
import { type StoreAnswer, transferables } from './store-calls.ts';

/**
 * The entry of a node's worker thread: the connection to the node, and all that is done to the bytes that come and go
 * over it, but for hashing, compressing and encrypting them for the repository.
 */

/** Progress is for eyes. */
const BETWEEN_PROGRESS_MS = 100;

interface Pending {
  readonly resolve: (answer: StoreAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly make: ((compress: boolean) => Promise<Uint8Array<ArrayBuffer>>) | undefined;
}

class NodeThread implements StoreLine {
  readonly #port: MessagePort;
  readonly #data: NodeThreadData;
  readonly #interrupt = new AbortController();
  readonly #shell: KeptShell;
  readonly #pending = new Map<number, Pending>();
  #storeLost = new AbortController();
  #calls = 0;
  readonly #onRetry = (retry: Retry) => this.#post({ kind: 'retrying', retry });

  constructor(port: MessagePort, data: NodeThreadData) {
    this.#port = port;
    this.#data = data;
    const { signal } = this.#interrupt;
    this.#shell = new KeptShell(() =>
      withRetries(() => openNodeWay(data.way, signal), { onRetry: this.#onRetry, signal }),
    );
    port.on('message', (message: ToNode) => this.#take(message));
  }

  call(call: Parameters<StoreLine['call']>[0], make?: Pending['make']): Promise<StoreAnswer> {
    const number = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { resolve, reject, make });
      this.#post({ kind: 'call', number, call }, transferables(call));
    });
  }

  #take(message: ToNode): void {
    switch (message.kind) {
      case 'job':
        void this.#do(message.job, message.where);
        return;
      case 'interrupt':
        this.#interrupt.abort(fromPortableError(message.error));
        return;
      case 'store-lost':
        this.#storeLost.abort(fromPortableError(message.error));
        return;
      case 'answer':
        this.#settle(message.call)?.resolve(message.answer);
        return;
      case 'no-answer':
        this.#settle(message.call)?.reject(fromPortableError(message.error));
        return;
      case 'make':
        void this.#make(message.call, message.compress);
        return;
      case 'end':
        void this.#end();
    }
  }

  async #do(job: NodeJob, where: string): Promise<void> {
    const { node, host, facts, way } = this.#data;
    this.#storeLost = new AbortController();
    const openNode: ApplyHost['openNode'] = (signal) => openNodeWay(way, signal);
    const attempt = await doNodeJob(job, {
      host: { ...host, openNode },
      node,
      facts,
      shell: this.#shell,
      store: lentStore(this, { where, signal: this.#storeLost.signal }),
      clock: Date.now,
      onProgress: sparsely((progress) => this.#post({ kind: 'progress', progress })),
      onWaiting: () => this.#post({ kind: 'waiting' }),
      onRetry: this.#onRetry,
      signal: this.#interrupt.signal,
    });
    this.#post({ kind: 'done', attempt });
  }

  async #make(call: number, compress: boolean): Promise<void> {
    try {
      const bytes = await this.#pending.get(call)?.make?.(compress);
      if (bytes === undefined) throw new Error('the bytes of a blob are wanted that nobody saves');
      this.#post({ kind: 'made', call, bytes }, [bytes.buffer]);
    } catch (error) {
      this.#post({ kind: 'not-made', call, error: toPortableError(error) });
    }
  }

  #settle(call: number): Pending | undefined {
    const pending = this.#pending.get(call);
    this.#pending.delete(call);
    return pending;
  }

  async #end(): Promise<void> {
    await this.#shell.drop();
    this.#port.close();
  }

  #post(message: FromNode, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

/** Lets through what begins a phase, and of the rest what comes so late after the last one. */
function sparsely(tell: (progress: Progress) => void): (progress: Progress) => void {
  let phase: Progress['phase'] | undefined;
  let toldAt = 0;
  return (progress) => {
    if (progress.phase === phase && progress.elapsedMs - toldAt < BETWEEN_PROGRESS_MS) return;
    phase = progress.phase;
    toldAt = progress.elapsedMs;
    tell(progress);
  };
}

if (parentPort !== null) new NodeThread(parentPort, workerData);
