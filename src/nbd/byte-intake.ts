const NOTHING = new Uint8Array(0);

/** Reads exact lengths from pieces of any size. One call at a time. */
export class ByteIntake {
  readonly #source: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = NOTHING;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly `length` bytes, or undefined when the stream ends before. */
  async read(length: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const part = await this.#take(length - filled);
      if (part === undefined) return undefined;
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  /** Reads and drops, without holding more than a piece. @returns false when the stream ends before */
  async skip(length: number): Promise<boolean> {
    let left = length;
    while (left > 0) {
      const part = await this.#take(left);
      if (part === undefined) return false;
      left -= part.length;
    }
    return true;
  }

  async #take(limit: number): Promise<Uint8Array | undefined> {
    while (this.#piece.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#piece = next.value;
    }
    const part = this.#piece.subarray(0, limit);
    this.#piece = this.#piece.subarray(part.length);
    return part;
  }
}
