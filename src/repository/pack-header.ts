import { type BlobId, type BlobType, blobId } from './object-id.ts';

/**
 * The header at the end of a pack (restic's design document, "Pack Format"):
 *
 *     blob 1 ... blob n | encrypted header | length of the encrypted header, 4 bytes
 *
 * The header's plaintext is one entry a blob, in order, integers little-endian:
 *
 *     type 0 data, 1 tree:                        type 1 | length 4 | id 32
 *     type 2 compressed data, 3 compressed tree:  type 1 | length 4 | length before compression 4 | id 32
 *
 * `length` counts the blob's encrypted bytes, nonce and MAC included.
 */
export interface PackEntry {
  readonly id: BlobId;
  readonly type: BlobType;
  /** Bytes from the start of the pack. */
  readonly offset: number;
  readonly length: number;
  /** 0 when the blob is not compressed. */
  readonly uncompressedLength: number;
}

const PLAIN_BYTES = 37;
const COMPRESSED_BYTES = 41;

export function encodePackHeader(entries: readonly PackEntry[]): Uint8Array {
  const parts = entries.map(({ id, type, length, uncompressedLength }) => {
    const compressed = uncompressedLength > 0;
    const entry = Buffer.alloc(compressed ? COMPRESSED_BYTES : PLAIN_BYTES);
    entry[0] = (type === 'tree' ? 1 : 0) + (compressed ? 2 : 0);
    entry.writeUInt32LE(length, 1);
    if (compressed) entry.writeUInt32LE(uncompressedLength, 5);
    entry.set(id, compressed ? 9 : 5);
    return entry;
  });
  return Buffer.concat(parts);
}

/**
 * Decodes a header's plaintext.
 * @throws RangeError with the offset of what cannot be right
 */
export function decodePackHeader(plaintext: Uint8Array): readonly PackEntry[] {
  const bytes = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
  const entries: PackEntry[] = [];
  let offset = 0;
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at] ?? 255;
    const size = kind > 1 ? COMPRESSED_BYTES : PLAIN_BYTES;
    if (kind > 3) throw new RangeError(`unknown blob type ${kind} at offset ${at} of the header`);
    if (at + size > bytes.length) throw new RangeError(`the header ends inside the entry at offset ${at}`);
    const length = bytes.readUInt32LE(at + 1);
    entries.push({
      id: blobId(new Uint8Array(bytes.subarray(at + size - 32, at + size))),
      type: kind % 2 === 1 ? 'tree' : 'data',
      offset,
      length,
      uncompressedLength: kind > 1 ? bytes.readUInt32LE(at + 5) : 0,
    });
    offset += length;
    at += size;
  }
  return entries;
}
