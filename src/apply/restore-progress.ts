import type { Progress } from './apply-event.ts';

/** Counts a restore's bytes and says how far it is. */
export class RestoreProgress {
  readonly #total: number;
  readonly #clock: () => number;
  readonly #begun: number;
  readonly #emit: (progress: Progress) => void;
  #phase: Progress['phase'] = 'uploading';
  #done = 0;
  #stream = 0;

  /** @param parts.total bytes of disk, or of tar */
  constructor(parts: {
    readonly total: number;
    readonly clock: () => number;
    readonly emit: (progress: Progress) => void;
  }) {
    this.#total = parts.total;
    this.#clock = parts.clock;
    this.#emit = parts.emit;
    this.#begun = parts.clock();
  }

  get elapsedMs(): number {
    return this.#clock() - this.#begun;
  }

  /** Everything was read once; from now on the tool is at work, and counting begins anew. */
  startRestoring(): void {
    this.#phase = 'restoring';
    this.#done = 0;
    this.#report();
  }

  /** Bytes of disk, or of tar, that were read. */
  read(bytes: number): void {
    this.#done += bytes;
    this.#report();
  }

  /** Bytes of archive that went over the wire. */
  sent(bytes: number): void {
    this.#stream += bytes;
  }

  /** What the tool says; it may be behind what it was sent. */
  percent(percent: number): void {
    this.#done = Math.max(this.#done, Math.floor((this.#total * percent) / 100));
    this.#report();
  }

  #report(): void {
    this.#emit({
      phase: this.#phase,
      doneBytes: Math.min(this.#done, this.#total),
      totalBytes: this.#total,
      streamBytes: this.#stream,
      newBytes: undefined,
      elapsedMs: this.elapsedMs,
    });
  }
}
