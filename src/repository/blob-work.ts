import { createHash, hash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decrypt, encrypt, type MasterKey } from './encryption.ts';
import { encodePackHeader, type PackEntry } from './pack-header.ts';
import { releaseMemory } from './release-memory.ts';

/**
 * The work on blobs that costs processor time: done in threads (`blob-worker.ts`), never on the main one.
 * Bytes that go in or out are handed over, not copied.
 */
export type BlobTask =
  | { readonly kind: 'hash'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'seal'; readonly bytes: Uint8Array<ArrayBuffer>; readonly compress: boolean }
  /** Views of one or more buffers. */
  | { readonly kind: 'hash-many'; readonly blobs: readonly Uint8Array<ArrayBuffer>[] }
  | {
      readonly kind: 'seal-many';
      readonly blobs: readonly Uint8Array<ArrayBuffer>[];
      readonly compress: boolean;
    }
  /** Encrypts what was compressed already. */
  | { readonly kind: 'encrypt'; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: 'pack';
      /** One after the other, as the entries say. */
      readonly blobs: Uint8Array<ArrayBuffer>;
      readonly entries: readonly PackEntry[];
    }
  | {
      readonly kind: 'open';
      readonly sealed: Uint8Array<ArrayBuffer>;
      readonly id: Uint8Array;
      readonly uncompressedLength: number;
    };

export type BlobResult =
  | { readonly kind: 'hash'; readonly id: Uint8Array; readonly bytes: Uint8Array<ArrayBuffer> }
  /** `uncompressedLength` is 0 when compression did not make it smaller. */
  | { readonly kind: 'seal'; readonly sealed: Uint8Array<ArrayBuffer>; readonly uncompressedLength: number }
  /** `ids` are 32 bytes each. */
  | {
      readonly kind: 'hash-many';
      readonly ids: Uint8Array<ArrayBuffer>;
      readonly blobs: readonly Uint8Array<ArrayBuffer>[];
    }
  /** One after the other, `lengths` of each; `uncompressedLengths` as that of one. */
  | {
      readonly kind: 'seal-many';
      readonly sealed: Uint8Array<ArrayBuffer>;
      readonly lengths: Uint32Array<ArrayBuffer>;
      readonly uncompressedLengths: Uint32Array<ArrayBuffer>;
    }
  | { readonly kind: 'encrypt'; readonly sealed: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'pack'; readonly id: string; readonly file: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'open'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'damaged'; readonly what: string };

const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

export function doBlobTask(key: MasterKey, task: BlobTask): BlobResult {
  switch (task.kind) {
    case 'hash':
      return { kind: 'hash', id: sha256(task.bytes), bytes: task.bytes };
    case 'seal':
      return seal(key, task.bytes, task.compress);
    case 'hash-many':
      return hashMany(task.blobs);
    case 'seal-many':
      return sealMany(key, task.blobs, task.compress);
    case 'encrypt':
      return { kind: 'encrypt', sealed: encrypt(key, [task.bytes]) };
    case 'pack':
      return pack(key, task.blobs, task.entries);
    case 'open':
      return open(key, task.sealed, task.id, task.uncompressedLength);
  }
}

/** The buffers to hand over with a task or a result. */
export function transferables(message: BlobTask | BlobResult): ArrayBuffer[] {
  switch (message.kind) {
    case 'hash':
      return [message.bytes.buffer];
    case 'hash-many':
      return buffersOf(message.blobs);
    case 'seal-many':
      return 'blobs' in message ? buffersOf(message.blobs) : [message.sealed.buffer];
    case 'seal':
    case 'encrypt':
      return ['bytes' in message ? message.bytes.buffer : message.sealed.buffer];
    case 'pack':
      return ['blobs' in message ? message.blobs.buffer : message.file.buffer];
    case 'open':
      return ['sealed' in message ? message.sealed.buffer : message.bytes.buffer];
    case 'damaged':
      return [];
  }
}

function buffersOf(views: readonly Uint8Array<ArrayBuffer>[]): ArrayBuffer[] {
  return [...new Set(views.map(({ buffer }) => buffer))];
}

function hashMany(blobs: readonly Uint8Array<ArrayBuffer>[]): BlobResult {
  const ids = new Uint8Array(blobs.length * 32);
  for (const [index, blob] of blobs.entries()) ids.set(sha256(blob), index * 32);
  return { kind: 'hash-many', ids, blobs };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}

function seal(key: MasterKey, bytes: Uint8Array<ArrayBuffer>, compress: boolean): BlobResult {
  const sealed = sealOne(key, bytes, compress);
  releaseMemory(bytes);
  return { kind: 'seal', ...sealed };
}

function sealMany(key: MasterKey, blobs: readonly Uint8Array<ArrayBuffer>[], compress: boolean): BlobResult {
  const sealed = blobs.map((blob) => sealOne(key, blob, compress));
  const lengths = Uint32Array.from(sealed, ({ sealed: { length } }) => length);
  const joined = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const { sealed: bytes } of sealed) {
    joined.set(bytes, at);
    at += bytes.length;
    releaseMemory(bytes);
  }
  for (const blob of blobs) releaseMemory(blob);
  return {
    kind: 'seal-many',
    sealed: joined,
    lengths,
    uncompressedLengths: Uint32Array.from(sealed, ({ uncompressedLength }) => uncompressedLength),
  };
}

function sealOne(
  key: MasterKey,
  bytes: Uint8Array,
  compress: boolean,
): { readonly sealed: Uint8Array<ArrayBuffer>; readonly uncompressedLength: number } {
  const compressed = compress
    ? zstdCompressSync(bytes, { ...ZSTD, chunkSize: Math.max(64, bytes.length) })
    : undefined;
  const smaller = compressed !== undefined && compressed.length < bytes.length;
  const sealed = encrypt(key, [smaller ? compressed : bytes]);
  if (compressed !== undefined) releaseMemory(compressed);
  return { sealed, uncompressedLength: smaller ? bytes.length : 0 };
}

/** Puts header and length behind the blobs, in the same buffer where there is room. */
function pack(key: MasterKey, blobs: Uint8Array<ArrayBuffer>, entries: readonly PackEntry[]): BlobResult {
  const header = encrypt(key, [encodePackHeader(entries)]);
  const length = blobs.length + header.length + 4;
  const inPlace = blobs.byteOffset === 0 && length <= blobs.buffer.byteLength;
  const file = inPlace ? new Uint8Array(blobs.buffer, 0, length) : new Uint8Array(length);
  if (!inPlace) file.set(blobs);
  file.set(header, blobs.length);
  new DataView(file.buffer).setUint32(length - 4, header.length, true);
  return { kind: 'pack', id: createHash('sha256').update(file).digest('hex'), file };
}

function open(key: MasterKey, sealed: Uint8Array, id: Uint8Array, uncompressedLength: number): BlobResult {
  const plaintext = decrypt(key, sealed);
  if (plaintext === undefined) return { kind: 'damaged', what: 'its MAC is wrong' };
  const bytes = uncompressedLength > 0 ? decompress(plaintext, uncompressedLength) : plaintext;
  if (bytes === undefined) return { kind: 'damaged', what: 'it cannot be decompressed' };
  if (Buffer.compare(sha256(bytes), id) !== 0) return { kind: 'damaged', what: 'its content has another id' };
  return { kind: 'open', bytes: Uint8Array.from(bytes) };
}

function decompress(plaintext: Uint8Array, length: number): Uint8Array | undefined {
  try {
    const bytes = zstdDecompressSync(plaintext, { maxOutputLength: length });
    return bytes.length === length ? bytes : undefined;
  } catch {
    return undefined;
  }
}
