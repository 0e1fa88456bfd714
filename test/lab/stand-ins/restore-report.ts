/** What qmrestore prints while the data comes in, and at the end. */
import { CLUSTER } from './vma-layout.ts';
import type { ArchiveHeader } from './vma-reader.ts';
import { say } from './worker.ts';

export class RestoreReport {
  readonly #total: number;
  readonly #started = Date.now();
  #read = 0;
  #sparse = 0;
  #percent = 0;

  constructor({ devices }: ArchiveHeader) {
    this.#total = devices.reduce((sum, { size }) => sum + Math.ceil(size / CLUSTER) * CLUSTER, 0);
  }

  count(bytes: number, zeroBytes: number): void {
    this.#read += bytes;
    this.#sparse += zeroBytes;
    const percent = Math.floor((this.#read * 100) / this.#total);
    if (percent <= this.#percent) return;
    this.#percent = percent;
    const seconds = Math.floor((Date.now() - this.#started) / 1000);
    say(`progress ${percent}% (read ${this.#read} bytes, duration ${seconds} sec)`);
  }

  end(): void {
    const percent = ((this.#sparse * 100) / this.#total).toPrecision(3).replace(/\.0+$/, '');
    say(`total bytes read ${this.#read}, sparse bytes ${this.#sparse} (${percent}%)`);
    say('space reduction due to 4K zero blocks 0%');
  }
}
