/** Work that goes on beside: the first failure is kept, and thrown by whoever asks next. */
export class PendingWork {
  readonly #pending = new Set<Promise<void>>();
  #failure: { readonly cause: unknown } | undefined;

  track(work: Promise<void>): void {
    const tracked = work
      .catch((cause: unknown) => {
        this.#failure ??= { cause };
      })
      .finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  check(): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  /** Resolves when all of it has succeeded. */
  async end(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    this.check();
  }
}
