import { hash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { decrypt, type MasterKey } from './encryption.ts';
import { releaseMemory } from './release-memory.ts';

/** What an index says of a blob beside its place. */
export interface StoredBlob {
  readonly id: Uint8Array;
  /** 0 when it is not compressed. */
  readonly uncompressedLength: number;
}

/** Opens a stored blob. @returns its bytes, or what is wrong with it */
export function openBlob(
  key: MasterKey,
  sealed: Uint8Array,
  { id, uncompressedLength }: StoredBlob,
): Buffer | string {
  const plaintext = decrypt(key, sealed);
  if (plaintext === undefined) return 'its MAC is wrong';
  const bytes = uncompressedLength > 0 ? decompress(plaintext, uncompressedLength) : plaintext;
  if (bytes === undefined) return 'it cannot be decompressed';
  if (bytes !== plaintext) releaseMemory(plaintext);
  if (Buffer.compare(hash('sha256', bytes, 'buffer'), id) === 0) return bytes;
  releaseMemory(bytes);
  return 'its content has another id';
}

function decompress(plaintext: Uint8Array, length: number): Buffer | undefined {
  try {
    // One byte more than is needed, and it comes in one piece.
    const bytes = zstdDecompressSync(plaintext, {
      maxOutputLength: length,
      chunkSize: Math.max(64, length + 1),
    });
    return bytes.length === length ? bytes : undefined;
  } catch {
    return undefined;
  }
}
