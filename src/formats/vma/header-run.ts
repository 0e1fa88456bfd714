import { EXTENT_HEADER_BYTES } from './extent-header-codec.ts';

/** The longest run, a multiple of the length of an extent header. */
export const MAX_RUN_BYTES = 1024 * 1024;

/** Joins headers that follow each other, so that empty space takes few blobs. Runs depend on the bytes alone. */
export class HeaderRun {
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  /** Adds 512 bytes. @returns the run when they filled it */
  add(header: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    this.#bytes ??= new Uint8Array(MAX_RUN_BYTES);
    this.#bytes.set(header, this.#length);
    this.#length += EXTENT_HEADER_BYTES;
    return this.#length === MAX_RUN_BYTES ? this.end() : undefined;
  }

  /** Adds a multiple of 512 bytes. @returns the runs that they filled */
  addAll(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
    const full: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < bytes.length; at += EXTENT_HEADER_BYTES) {
      const run = this.add(bytes.subarray(at, at + EXTENT_HEADER_BYTES));
      if (run !== undefined) full.push(run);
    }
    return full;
  }

  /** Ends the run. @returns it, in memory of its own, unless it is empty */
  end(): Uint8Array<ArrayBuffer> | undefined {
    const bytes = this.#bytes;
    const length = this.#length;
    if (bytes === undefined || length === 0) return undefined;
    this.#length = 0;
    if (length < MAX_RUN_BYTES) return bytes.slice(0, length);
    this.#bytes = undefined;
    return bytes;
  }
}
