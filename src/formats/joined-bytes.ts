/** The longest blob that is cut from an archive. */
export const MAX_JOINED_BYTES = 1024 * 1024;

const NONE: readonly Uint8Array<ArrayBuffer>[] = [];

/**
 * Joins bytes into runs of 1 MiB, the last of which may be shorter. Where runs end depends on the bytes alone, not on
 * the pieces they come in. Each run has memory of its own, to be kept or transferred.
 */
export class JoinedBytes {
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  /** Bytes of the run that has not ended. */
  get length(): number {
    return this.#length;
  }

  /** @returns the runs that became full */
  add(bytes: Uint8Array): readonly Uint8Array<ArrayBuffer>[] {
    if (this.#length + bytes.length < MAX_JOINED_BYTES) {
      this.#append(bytes);
      return NONE;
    }
    const full: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + MAX_JOINED_BYTES - this.#length);
      at += part.length;
      this.#append(part);
      if (this.#length === MAX_JOINED_BYTES) full.push(...this.end());
    }
    return full;
  }

  /** Ends the run. @returns it, or nothing when it is empty */
  end(): readonly Uint8Array<ArrayBuffer>[] {
    const bytes = this.#bytes;
    const length = this.#length;
    if (bytes === undefined || length === 0) return NONE;
    this.#length = 0;
    if (length < MAX_JOINED_BYTES) return [bytes.slice(0, length)];
    this.#bytes = undefined;
    return [bytes];
  }

  #append(bytes: Uint8Array): void {
    this.#bytes ??= new Uint8Array(MAX_JOINED_BYTES);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}
