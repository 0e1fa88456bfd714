import { createHash } from 'node:crypto';
import type { BlobId } from '../repository/object-id.ts';

/** SHA-256 over the ordered list of a file's blobs: id, 32 bytes, and length, 8 bytes big-endian, each (FORMAT.md). */
export class ListDigest {
  readonly #hash = createHash('sha256');

  add({ id, length }: { readonly id: BlobId; readonly length: number }): void {
    const entry = Buffer.alloc(40);
    entry.set(id);
    entry.writeBigUInt64BE(BigInt(length), 32);
    this.#hash.update(entry);
  }

  /** 64 hex digits. Nothing can be added afterwards. */
  hex(): string {
    return this.#hash.digest('hex');
  }
}
