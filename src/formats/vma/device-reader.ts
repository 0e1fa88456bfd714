import { FormatError } from '../format-error.ts';

/** What a device is made of: bytes, or a run of zeros that nobody needs to look at. */
export type DevicePiece = Uint8Array | { readonly zeros: number };

/** Reads a device by windows. A window of nothing but runs of zeros costs nothing, however large the device is. */
export class DeviceReader {
  readonly #source: AsyncIterator<DevicePiece>;
  #bytes: Uint8Array = new Uint8Array(0);
  #zeros = 0;
  #offset = 0;
  #ended = false;

  constructor(source: AsyncIterable<DevicePiece>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  async atEnd(): Promise<boolean> {
    return this.#bytes.length === 0 && this.#zeros === 0 && !(await this.#advance());
  }

  /**
   * The next bytes, as many as `target` has, in `target`; undefined when all of them are zeros.
   * @throws FormatError when the device ends before
   */
  async window(target: Uint8Array, device: string): Promise<Uint8Array | undefined> {
    if (await this.#takeZeros(target.length)) return undefined;
    for (let filled = 0; filled < target.length; ) {
      if (this.#bytes.length === 0 && this.#zeros === 0 && !(await this.#advance())) {
        throw new FormatError(`the stream ends inside device ${device}`, this.#offset);
      }
      filled += this.#copyInto(target.subarray(filled));
    }
    return target;
  }

  /** Tells the source that nothing more is wanted, and waits for its cleanup. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#source.return?.();
  }

  /** Closes after a failure and gives it back: the first cause wins over what the source's cleanup throws. */
  async closeAfter(cause: unknown): Promise<unknown> {
    await this.close().catch(() => undefined);
    return cause;
  }

  /** True when so many zeros were at hand, and are taken. */
  async #takeZeros(length: number): Promise<boolean> {
    while (this.#bytes.length === 0 && this.#zeros < length && (await this.#advance()));
    if (this.#zeros < length) return false;
    this.#zeros -= length;
    this.#offset += length;
    return true;
  }

  /** Copies what is at hand: zeros come before bytes. */
  #copyInto(target: Uint8Array): number {
    const length = Math.min(target.length, this.#zeros > 0 ? this.#zeros : this.#bytes.length);
    if (this.#zeros > 0) {
      target.fill(0, 0, length);
      this.#zeros -= length;
    } else {
      target.set(this.#bytes.subarray(0, length));
      this.#bytes = this.#bytes.subarray(length);
    }
    this.#offset += length;
    return length;
  }

  /** Gets one more piece. Only called when no bytes are at hand, so that zeros stay before bytes. */
  async #advance(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done === true) {
        this.#ended = true;
        return false;
      }
      if (value instanceof Uint8Array) this.#bytes = value;
      else this.#zeros += value.zeros;
      if (this.#bytes.length > 0 || this.#zeros > 0) return true;
    }
  }
}
