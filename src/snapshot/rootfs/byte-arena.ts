const SEGMENT_BYTES = 4 << 20;
const NOTHING = new Uint8Array(0);

/** Byte strings of up to 4 MiB, kept one after the other and never changed; up to 4 GiB in all. */
export class ByteArena {
  readonly #segments: Uint8Array<ArrayBuffer>[] = [];
  #used = SEGMENT_BYTES;

  /** Bytes that are held. */
  get bytes(): number {
    return this.#segments.length * SEGMENT_BYTES;
  }

  /** Copies the bytes. @returns their address, below 2^32 */
  add(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    if (bytes.length > SEGMENT_BYTES) throw new RangeError(`${bytes.length} bytes are too many`);
    if (this.#used + bytes.length > SEGMENT_BYTES) {
      this.#segments.push(new Uint8Array(SEGMENT_BYTES));
      this.#used = 0;
    }
    const address = (this.#segments.length - 1) * SEGMENT_BYTES + this.#used;
    this.#segments.at(-1)?.set(bytes, this.#used);
    this.#used += bytes.length;
    return address;
  }

  /** A view, not to be changed. */
  get(address: number, length: number): Uint8Array {
    if (length === 0) return NOTHING;
    const start = address % SEGMENT_BYTES;
    return this.segment(address).subarray(start, start + length);
  }

  /** For comparing without making views: the segment of an address, and where in it that is. */
  segment(address: number): Uint8Array {
    const segment = this.#segments[Math.floor(address / SEGMENT_BYTES)];
    if (segment === undefined) throw new Error(`there is nothing at ${address}`);
    return segment;
  }

  offset(address: number): number {
    return address % SEGMENT_BYTES;
  }
}
