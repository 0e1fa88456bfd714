import { seededBytes, seededNumbers } from '../bench/seeded.ts';

/** What one case draws: the same for the same seed, part and case. */
export class Draws {
  readonly #name: string;
  readonly #next: () => number;

  constructor(name: string) {
    this.#name = name;
    this.#next = seededNumbers(name);
    // The first numbers of seeds that are alike are alike.
    for (let i = 0; i < 8; i++) this.#next();
  }

  /** 0 up to 1. */
  fraction(): number {
    return this.#next();
  }

  /** 0 up to and without `end`. */
  below(end: number): number {
    return Math.floor(this.#next() * end);
  }

  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  pick<const T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** Bytes that do not compress; others each time. */
  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    seededBytes(`${this.#name} ${this.#next()}`, 0, bytes);
    return bytes;
  }
}
