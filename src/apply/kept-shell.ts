import type { Shell } from '../transport/shell.ts';

/** A way into a node: opened when first used, kept for what follows. One that could not be opened stays so. */
export class KeptShell implements AsyncDisposable {
  readonly #open: () => Promise<Shell>;
  #opened: Promise<Shell> | undefined;

  constructor(open: () => Promise<Shell>) {
    this.#open = open;
  }

  /** @throws UserError `host-unreachable`, `host-key`, `login-refused` */
  get(): Promise<Shell> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  /** Closes a way that turned out to be broken, so that the next use opens it anew. */
  async drop(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    const shell = await opened?.catch(() => undefined);
    await shell?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drop();
  }
}
