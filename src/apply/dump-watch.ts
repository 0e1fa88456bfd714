import type { VzdumpRecord } from '../pve/vzdump-record.ts';
import {
  type DumpFlow,
  type DumpStall,
  lookAgain,
  type QuietDump,
  stallAfterAsking,
  standstillOf,
} from './dump-stall.ts';

export interface DumpWatchOptions {
  readonly timeoutMs: number;
  /** Asks the node for a sign of life over the connection of the dump. Never rejects. */
  readonly wireAnswers: () => Promise<boolean>;
  /** Is called once. */
  readonly onStall: (stall: DumpStall) => void;
}

const LOOKS = 20;

/** Watches the stream and the log of a dump that runs, until it is disposed of. */
export class DumpWatch implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #options: DumpWatchOptions;
  #asking = false;
  #over = false;
  #flow: DumpFlow = { stream: 'asked', mayBeQuiet: false, signs: 0 };
  #quiet: QuietDump = { flow: this.#flow, looks: 0 };
  #doneBytes = -1;

  constructor(options: DumpWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), options.timeoutMs / LOOKS);
  }

  /** The stream as it is, watched. Its `return` makes what is still to come be thrown away. */
  async *through(stdout: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const bytes of stdout) {
        this.#now({ stream: 'held' });
        yield bytes;
        this.#now({ stream: 'asked' });
      }
    } finally {
      this.#now({ stream: 'ended' });
    }
  }

  /** To be told of every record of the log. */
  heard(record: VzdumpRecord): void {
    if (record.kind === 'progress') this.#progressed(record.doneBytes);
    else this.#now({ mayBeQuiet: mayBeQuietAfter(record) });
  }

  [Symbol.dispose](): void {
    this.#over = true;
    clearInterval(this.#timer);
  }

  /** A compressor may swallow hours of zeros; that the disk is read on shows in the log only. */
  #progressed(doneBytes: number): void {
    if (doneBytes === this.#doneBytes) return;
    this.#doneBytes = doneBytes;
    this.#now({ mayBeQuiet: false });
  }

  #now(change: Partial<DumpFlow>): void {
    this.#flow = { ...this.#flow, ...change, signs: this.#flow.signs + 1 };
  }

  #look(): void {
    if (this.#asking) return;
    this.#quiet = lookAgain(this.#quiet, this.#flow);
    const standstill = standstillOf(this.#quiet, LOOKS);
    if (standstill === 'nothing-taken') this.#stall('repository');
    if (standstill === 'nothing-comes') void this.#ask();
  }

  async #ask(): Promise<void> {
    const asked = this.#flow;
    this.#asking = true;
    const answered = await this.#options.wireAnswers();
    this.#asking = false;
    const stall = stallAfterAsking(asked, this.#flow, answered);
    if (stall !== undefined) this.#stall(stall);
  }

  #stall(stall: DumpStall): void {
    clearInterval(this.#timer);
    if (!this.#over) this.#options.onStall(stall);
  }
}

/** Work that ends with another line of the log. A guest's shutdown has a limit in vzdump itself (stopwait), a copy has none. */
function mayBeQuietAfter(record: VzdumpRecord): boolean {
  if (record.kind === 'waiting-for-lock') return true;
  return record.kind === 'other-info' && /^(?:stopping virtual guest|starting \w+ sync\b)/.test(record.text);
}
