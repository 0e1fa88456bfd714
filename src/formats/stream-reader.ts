import { FormatError } from './format-error.ts';

const NOTHING = new Uint8Array(0);

/** What `read` may be told. */
export interface ReadOptions {
  /** What is being read, for the message when the stream ends inside it: `an extent header`. */
  readonly what: string;
  /** Used for bytes that span several pieces, instead of new memory; they are then valid until it is used again. */
  readonly scratch?: Uint8Array;
}

/**
 * Reads a stream of pieces of any size by exact lengths. Bytes inside one piece are not copied, so they are as
 * long-lived as the piece, which nothing here uses any longer once the next one is pulled. Only one call may be under way at a time. Closing ends the source, also midway.
 */
export class StreamReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = NOTHING;
  /** The piece after the current one; there only after a peek across a seam. */
  #following: Uint8Array | undefined;
  #at = 0;
  #offset = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  async atEnd(): Promise<boolean> {
    return this.#at === this.#piece.length && !(await this.#advance());
  }

  /** Exactly `length` bytes. @throws FormatError at the end of the stream, when there are fewer */
  async read(length: number, options: ReadOptions): Promise<Uint8Array> {
    if (this.#at === this.#piece.length) await this.#advance();
    if (this.#piece.length - this.#at >= length) return this.#take(length);
    const { scratch } = options;
    const target =
      scratch !== undefined && scratch.length >= length
        ? scratch.subarray(0, length)
        : new Uint8Array(length);
    if ((await this.#copyInto(target)) < length) {
      throw new FormatError(`the stream ends inside ${options.what}`, this.#offset);
    }
    return target;
  }

  /** What is at hand, at least 1 and at most `limit` bytes, never copied; empty only at the end of the stream. */
  async readSome(limit: number): Promise<Uint8Array> {
    if (this.#at === this.#piece.length && !(await this.#advance())) return NOTHING;
    return this.#take(Math.min(limit, this.#piece.length - this.#at));
  }

  /** The next `length` bytes without consuming them; fewer when the stream ends before. */
  async peek(length: number): Promise<Uint8Array> {
    if (this.#at === this.#piece.length) await this.#advance();
    if (this.#piece.length - this.#at >= length) return this.#piece.subarray(this.#at, this.#at + length);
    const start = this.#offset;
    const joined = new Uint8Array(length);
    const found = joined.subarray(0, await this.#copyInto(joined));
    this.#following = this.#piece.subarray(this.#at);
    this.#piece = found;
    this.#at = 0;
    this.#offset = start;
    return found;
  }

  /** Tells the source that nothing more is wanted, and waits for its cleanup. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#source.return?.();
  }

  /** Closes after a failure, dropping what goes wrong in the cleanup: the first cause wins. @returns the cause */
  async closeAfter<Cause>(cause: Cause): Promise<Cause> {
    await this.close().catch(() => undefined);
    return cause;
  }

  #take(length: number): Uint8Array {
    const bytes = this.#piece.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.#offset += length;
    return bytes;
  }

  async #copyInto(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      if (this.#at === this.#piece.length && !(await this.#advance())) break;
      const bytes = this.#take(Math.min(target.length - filled, this.#piece.length - this.#at));
      target.set(bytes, filled);
      filled += bytes.length;
    }
    return filled;
  }

  /** Makes the next piece that is not empty the current one; false at the end of the stream. */
  async #advance(): Promise<boolean> {
    for (;;) {
      const next = this.#following ?? (await this.#pull());
      this.#following = undefined;
      // The last piece is let go of at the end, too: whoever lent it may have freed it.
      this.#piece = next ?? NOTHING;
      this.#at = 0;
      if (next === undefined) return false;
      if (next.length > 0) return true;
    }
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    let result: IteratorResult<Uint8Array> | undefined;
    try {
      result = await this.#source.next();
    } finally {
      this.#ended = result === undefined || result.done === true;
    }
    return result.done === true ? undefined : plainBytes(result.value);
  }
}

/** A Buffer's own slice shares memory where that of a Uint8Array copies; so that nothing behind us can be surprised. */
function plainBytes(piece: Uint8Array): Uint8Array {
  return new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
}
