/**
 * The names of things in a repository, each of a type of its own. A blob is named by 32 raw bytes (there
 * are millions of them), a stored file by 64 hex digits. All are SHA-256 (restic's design document).
 */

/** SHA-256 of a blob's plaintext: 32 bytes. */
export type BlobId = Uint8Array & { readonly __brand: 'BlobId' };

/** SHA-256 of a stored file's bytes, as 64 lower-case hex digits. */
export type FileId = string & { readonly __brand: 'FileId' };

export type BlobType = 'data' | 'tree';

/** @throws RangeError when there are not exactly 32 bytes */
export function blobId(bytes: Uint8Array): BlobId {
  if (bytes.length !== 32) throw new RangeError(`a blob id has 32 bytes, not ${bytes.length}`);
  return bytes as BlobId;
}

/** Undefined unless `text` is 64 lower-case hex digits. */
export function parseBlobId(text: unknown): BlobId | undefined {
  return parseFileId(text) === undefined
    ? undefined
    : blobId(new Uint8Array(Buffer.from(String(text), 'hex')));
}

/** Undefined unless `text` is 64 lower-case hex digits. */
export function parseFileId(text: unknown): FileId | undefined {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text) ? (text as FileId) : undefined;
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
