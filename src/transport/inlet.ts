import type { EventEmitter } from 'node:events';

/** How much is read ahead of whoever reads `bytes`, besides what the source itself buffers. */
export const readAheadBytes = 1024 * 1024;

/** What an inlet wants of a Node stream: events `data`, `end`, `close`, `error`. */
export interface InletSource extends Pick<EventEmitter, 'on'> {
  pause(): unknown;
  resume(): unknown;
}

type Ending = { readonly kind: 'open' | 'ended' } | { readonly kind: 'failed'; readonly error: unknown };

/**
 * Makes a Node stream an AsyncIterable, and lets whoever owns the stream decide how it ends: end of file alone
 * does not say whether all has arrived.
 *
 * | state  | what a reader gets                                          |
 * | open   | what arrives; the source is paused past the limit           |
 * | end()  | what is queued, then the end                                |
 * | fail() | what is queued, then the error                              |
 * | drop() | the error at once; what arrives later is read and discarded |
 *
 * The first of end, fail and drop wins. A reader that stops early drops the rest, so the source never stalls on it.
 */
export class Inlet {
  /** To be iterated once. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Resolves when the source has given all it had, whether or not anybody has read it. */
  readonly complete: Promise<void>;
  readonly #source: InletSource;
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #queued = 0;
  #ending: Ending = { kind: 'open' };
  #dropped = false;
  #wake: () => void = () => {};

  constructor(source: InletSource, limit: number = readAheadBytes) {
    this.#source = source;
    this.#limit = limit;
    this.bytes = { [Symbol.asyncIterator]: () => this.#read() };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.complete = promise;
    source.on('data', (chunk: Uint8Array) => this.#take(chunk));
    source.on('end', resolve).on('close', resolve);
    source.on('error', (error) => {
      this.fail(error);
      resolve();
    });
  }

  end(): void {
    this.#finish({ kind: 'ended' });
  }

  fail(error: unknown): void {
    this.#finish({ kind: 'failed', error });
  }

  drop(error: unknown): void {
    this.#discard();
    this.#finish({ kind: 'failed', error });
  }

  #finish(ending: Ending): void {
    if (this.#ending.kind === 'open') this.#ending = ending;
    this.#wake();
  }

  #take(chunk: Uint8Array): void {
    if (this.#dropped || chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#queued += chunk.length;
    if (this.#queued >= this.#limit) this.#source.pause();
    this.#wake();
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          this.#release(chunk.length);
          yield chunk;
        } else if (this.#ending.kind === 'open') {
          await this.#somethingHappens();
        } else if (this.#ending.kind === 'failed') {
          throw this.#ending.error;
        } else {
          return;
        }
      }
    } finally {
      this.#discard();
    }
  }

  #release(length: number): void {
    this.#queued -= length;
    if (this.#queued < this.#limit) this.#source.resume();
  }

  #somethingHappens(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }

  #discard(): void {
    this.#dropped = true;
    this.#chunks = [];
    this.#queued = 0;
    this.#source.resume();
  }
}
