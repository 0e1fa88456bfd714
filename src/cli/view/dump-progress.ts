import { formatBytes, formatDuration } from './quantities.ts';

/** Seconds between two lines on a terminal. */
const INTERVAL_MS = 250;

/** One line on a terminal that says how far a dump is. Without a terminal nothing is said. */
export class DumpProgress {
  readonly #terminal: NodeJS.WriteStream;
  readonly #clock: () => number;
  readonly #total: number | undefined;
  readonly #began: number;
  #shown = Number.NEGATIVE_INFINITY;

  /** @param total bytes to come; undefined when nobody knows */
  constructor(
    { stderr, clock }: { readonly stderr: NodeJS.WriteStream; readonly clock: () => number },
    total: number | undefined,
  ) {
    this.#terminal = stderr;
    this.#clock = clock;
    this.#total = total;
    this.#began = clock();
  }

  /** @param bytes so far */
  show(bytes: number): void {
    const now = this.#clock();
    if (!this.#terminal.isTTY || now - this.#shown < INTERVAL_MS) return;
    this.#shown = now;
    this.#terminal.write(`${CLEAR}${dumpProgressText({ bytes, total: this.#total, ms: now - this.#began })}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#terminal.isTTY) this.#terminal.write(CLEAR);
  }
}

const CLEAR = '\r\u001b[K';

/** `12 GiB of 64 GiB, 18 %, 350 MiB/s, 2 min left` */
export function dumpProgressText({
  bytes,
  total,
  ms,
}: {
  readonly bytes: number;
  readonly total: number | undefined;
  readonly ms: number;
}): string {
  const rate = ms > 0 ? bytes / (ms / 1000) : 0;
  const speed = `${formatBytes(rate)}/s`;
  if (total === undefined || total === 0) return `${formatBytes(bytes)}, ${speed}`;
  const left = rate > 0 ? `, ${formatDuration(((total - bytes) / rate) * 1000)} left` : '';
  return `${formatBytes(bytes)} of ${formatBytes(total)}, ${Math.floor((100 * bytes) / total)} %, ${speed}${left}`;
}
