/**
 * The blob buffer of a VMA header: a chain of records, each a 2-byte length (little-endian, unlike everything else in
 * the format) and that many bytes. The chain starts at byte 1, so that a pointer of 0 can mean "none"; a pointer leads
 * to the length field of a record. Source: vma_reader and vma_writer of pve-qemu 10.0.2.
 */

const CHAIN_START = 1;
const LENGTH_BYTES = 2;

/** The longest record. */
export const MAX_BLOB_BYTES = 0xffff;

/** The records that the pointers lead to; a pointer that hits no start of a record is absent from the answer. */
export function findBlobs(buffer: Uint8Array, pointers: ReadonlySet<number>): Map<number, Uint8Array> {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const found = new Map<number, Uint8Array>();
  let at = CHAIN_START;
  while (at + LENGTH_BYTES <= buffer.length) {
    const end = at + LENGTH_BYTES + view.getUint16(at, true);
    if (end > buffer.length) break;
    if (pointers.has(at)) found.set(at, buffer.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return found;
}

/** Collects records; `length` is that of the buffer so far, the unused first byte included. */
export class BlobBufferBuilder {
  readonly #blobs: Uint8Array[] = [];
  length = CHAIN_START;

  /** @returns the pointer to the new record. @throws RangeError when it is too long */
  add(blob: Uint8Array): number {
    if (blob.length > MAX_BLOB_BYTES) {
      throw new RangeError(
        `${blob.length} bytes are more than the ${MAX_BLOB_BYTES} of a VMA config or name`,
      );
    }
    const pointer = this.length;
    this.#blobs.push(blob);
    this.length += LENGTH_BYTES + blob.length;
    return pointer;
  }

  writeTo(target: Uint8Array, start: number): void {
    let at = start + CHAIN_START;
    for (const blob of this.#blobs) {
      target[at] = blob.length & 0xff;
      target[at + 1] = blob.length >> 8;
      target.set(blob, at + LENGTH_BYTES);
      at += LENGTH_BYTES + blob.length;
    }
  }
}
