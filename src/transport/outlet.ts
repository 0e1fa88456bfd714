import type { Writable } from 'node:stream';
import type { CommandInput } from './shell.ts';

/**
 * A command's standard input over a Node stream. A write resolves once the sink has taken the bytes, so at most one
 * piece is under way for a caller that awaits. `close` rejects every write that waits and all that follow: some sinks
 * never answer once their far end is gone.
 */
export class Outlet implements CommandInput {
  readonly #sink: Writable;
  readonly #waiting = new Set<(error: unknown) => void>();
  #closed: { readonly error: unknown } | undefined;

  /** @param noLongerReads what a write rejects with when the sink itself says that nobody reads */
  constructor(sink: Writable, noLongerReads: () => Error) {
    this.#sink = sink;
    sink.on('error', () => this.close(noLongerReads()));
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#do((done) => this.#sink.write(bytes, done));
  }

  async end(): Promise<void> {
    if (this.#closed !== undefined || this.#sink.writableEnded) return;
    await this.#do((done) => this.#sink.end(done)).catch(() => undefined);
  }

  close(error: unknown): void {
    this.#closed ??= { error };
    for (const reject of this.#waiting) reject(this.#closed.error);
    this.#waiting.clear();
  }

  #do(act: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed.error);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add(reject);
    act((error) => {
      // A failed write is reported by the sink's error event, which carries it to every write that waits.
      if (error) return;
      this.#waiting.delete(reject);
      resolve();
    });
    return promise;
  }
}
