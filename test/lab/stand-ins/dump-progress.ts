/**
 * What vzdump prints about a running VM backup, and the rate that --bwlimit sets: a line at most every three seconds and only
 * when the percentage changed.
 */
import type { Dump } from './dump-container.ts';
import { guestRun } from './lab-state.ts';
import { humanBytes } from './sizes.ts';
import { ToolError } from './tool-error.ts';
import { pause, throwIfStopped } from './worker.ts';

export class Progress {
  readonly #dump: Dump;
  readonly #total: number;
  readonly #started = Date.now();
  #read = 0;
  #zero = 0;
  #lastPercent = -1;
  #last = { at: Date.now(), read: 0, zero: 0 };
  #sinceCheck = 0;

  constructor(dump: Dump, total: number) {
    this.#dump = dump;
    this.#total = total;
  }

  /** Of each cluster; the result is there to be awaited when the rate demands it or it is time to look up. */
  count(bytes: number, zeroBytes: number): Promise<void> | undefined {
    this.#read += bytes;
    this.#zero += zeroBytes;
    this.#sinceCheck++;
    const limit = this.#dump.job.bwlimit * 1024;
    const due = limit > 0 ? (this.#read / limit) * 1000 - (Date.now() - this.#started) : 0;
    if (due > 20) return this.#hold(due);
    if (this.#sinceCheck < 16_384) return undefined;
    return this.#hold(0);
  }

  /** Looks whether the work was stopped or the VM has gone, and prints a line if one is due. */
  async check(): Promise<void> {
    throwIfStopped(this.#dump.signal);
    if (guestRun(this.#dump.guest.vmid).state === 'stopped' && this.#total > 0) {
      throw new ToolError(`VM ${this.#dump.guest.vmid} not running`);
    }
    if (Date.now() - this.#last.at >= 3000) this.#line();
  }

  summary(): void {
    const { log } = this.#dump;
    if (this.#lastPercent !== 100) this.#line();
    const seconds = Math.floor((Date.now() - this.#started) / 1000);
    if (this.#zero > 0) {
      const percent = Math.floor((this.#zero * 100) / this.#total);
      log.info(`backup is sparse: ${humanBytes(this.#zero, 2)} (${percent}%) total zero data`);
    }
    const transferred = humanBytes(this.#read, 2);
    if (seconds === 0) log.info(`transferred ${transferred} in <1 seconds`);
    else log.info(`transferred ${transferred} in ${seconds} seconds (${humanBytes(this.#read / seconds)}/s)`);
  }

  async #hold(milliseconds: number): Promise<void> {
    this.#sinceCheck = 0;
    if (milliseconds > 0) await pause(milliseconds, this.#dump.signal);
    else await new Promise((resolve) => setImmediate(resolve));
    await this.check();
  }

  #line(): void {
    const percent = this.#total === 0 ? 100 : Math.floor((this.#read * 100) / this.#total);
    if (percent === this.#lastPercent) return;
    const seconds = Math.floor((Date.now() - this.#started) / 1000);
    const span = Math.max(1, (Date.now() - this.#last.at) / 1000);
    const read = (this.#read - this.#last.read) / span;
    const written = Math.max(0, read - (this.#zero - this.#last.zero) / span);
    const done = `${humanBytes(this.#read)} of ${humanBytes(this.#total)}`;
    this.#dump.log.info(
      `${String(percent).padStart(3)}% (${done}) in ${seconds}s, read: ${humanBytes(Math.round(read))}/s, write: ${humanBytes(Math.round(written))}/s`,
    );
    this.#lastPercent = percent;
    this.#last = { at: Date.now(), read: this.#read, zero: this.#zero };
  }
}
