import { hash } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { buffersOf } from './buffers-of.ts';
import { encrypt, encryptInto, type MasterKey, OVERHEAD_BYTES } from './encryption.ts';
import { looksRandom } from './looks-random.ts';
import { type BlobId, type BlobType, blobId } from './object-id.ts';
import { openBlob, type StoredBlob } from './open-blob.ts';
import { PackBuilder, SharedPackMemory } from './pack-builder.ts';
import { encodePackHeader, type PackEntry } from './pack-header.ts';
import { releaseMemory } from './release-memory.ts';

/**
 * The work on blobs that costs processor time: done in threads (`blob-worker.ts`), never on the main one.
 * Bytes that go in or out are handed over, not copied.
 */
export type BlobTask =
  /** Hashes blobs, views of one or more buffers, and keeps them until the `seal` or `drop` that names them by `held`. */
  | { readonly kind: 'hold'; readonly held: number; readonly blobs: readonly Uint8Array[] }
  /** Puts those of the held blobs into the thread's pack that `wanted` numbers, and lets all of them go. */
  | {
      readonly kind: 'seal';
      readonly held: number;
      readonly wanted: readonly number[];
      readonly type: BlobType;
      readonly compress: boolean;
    }
  /** Has no result. */
  | { readonly kind: 'drop'; readonly held: number }
  /** Gives out what the thread has of a pack that is not full yet. */
  | { readonly kind: 'take-rest'; readonly type: BlobType }
  /** The memory of a pack that is stored. Has no result. */
  | { readonly kind: 'give-back'; readonly memory: SharedArrayBuffer }
  /** Encrypts what was compressed already. */
  | { readonly kind: 'encrypt'; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: 'pack';
      /** One after the other, as the entries say. */
      readonly blobs: Uint8Array;
      readonly entries: readonly PackEntry[];
    }
  | ({ readonly kind: 'open'; readonly sealed: Uint8Array<ArrayBuffer> } & StoredBlob)
  /** Opens neighbours of a pack, one after the other into shared memory. */
  | {
      readonly kind: 'open-into';
      readonly sealed: Uint8Array<ArrayBuffer>;
      readonly blobs: readonly (StoredBlob & { readonly length: number })[];
      /** As long as all of them opened. */
      readonly into: Uint8Array;
    };

export type BlobResult =
  /** `ids` are 32 bytes each. */
  | { readonly kind: 'hold'; readonly ids: Uint8Array<ArrayBuffer> }
  /** How many bytes each of the wanted takes, and the packs that they have filled. */
  | {
      readonly kind: 'seal';
      readonly lengths: Uint32Array<ArrayBuffer>;
      readonly packs: readonly MadePack[];
    }
  | {
      readonly kind: 'take-rest';
      readonly blobs: Uint8Array;
      readonly entries: readonly PackEntry[];
    }
  | { readonly kind: 'encrypt'; readonly sealed: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'pack'; readonly pack: MadePack }
  | { readonly kind: 'open'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'open-into' }
  | { readonly kind: 'damaged'; readonly what: string };

/** What a thread says. */
export type FromBlobWorker = { readonly kind: 'ready' } | BlobResult;

/** A pack that is to be stored. */
export interface MadePack {
  /** 64 hex digits */
  readonly id: string;
  /** In shared memory, which is to be given back, when the thread filled it from blobs that it held. */
  readonly file: Uint8Array;
  readonly entries: readonly PackEntry[];
}

/** On what is in virtual machines, level 3 takes twice the time of level 1 and saves two percent. */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** The result comes in one piece; with the length known beforehand, less memory is made ready. */
export function zstdOptions(length: number) {
  return { ...ZSTD, chunkSize: Math.max(64, length), pledgedSrcSize: length };
}

interface HeldBlobs {
  readonly blobs: readonly Uint8Array[];
  /** 32 bytes each. */
  readonly ids: Uint8Array;
}

/** One thread's work: what it holds, and the packs that it fills. */
export class BlobWork {
  readonly #key: MasterKey;
  readonly #held = new Map<number, HeldBlobs>();
  readonly #memory = new SharedPackMemory();
  readonly #builders: Record<BlobType, PackBuilder> = {
    data: new PackBuilder('data', this.#memory),
    tree: new PackBuilder('tree', this.#memory),
  };

  constructor(key: MasterKey) {
    this.#key = key;
  }

  /** @returns undefined for a task that has no result */
  do(task: BlobTask): BlobResult | undefined {
    switch (task.kind) {
      case 'hold':
        return this.#hold(task.held, task.blobs);
      case 'seal':
        return this.#seal(task, this.#take(task.held));
      case 'drop':
        for (const blob of this.#take(task.held).blobs) releaseMemory(blob);
        return undefined;
      case 'take-rest':
        return this.#takeRest(task.type);
      case 'give-back':
        this.#memory.giveBack(task.memory);
        return undefined;
      case 'encrypt':
        return { kind: 'encrypt', sealed: encrypt(this.#key, [task.bytes]) };
      case 'pack':
        return { kind: 'pack', pack: makePack(this.#key, task.blobs, task.entries) };
      case 'open': {
        const opened = openBlob(this.#key, task.sealed, task);
        releaseMemory(task.sealed);
        return typeof opened === 'string'
          ? { kind: 'damaged', what: opened }
          : { kind: 'open', bytes: ownBytes(opened) };
      }
      case 'open-into': {
        const result = this.#openInto(task);
        releaseMemory(task.sealed);
        return result;
      }
    }
  }

  #openInto({ sealed, blobs, into }: Extract<BlobTask, { kind: 'open-into' }>): BlobResult {
    let from = 0;
    let to = 0;
    for (const blob of blobs) {
      const opened = openBlob(this.#key, sealed.subarray(from, from + blob.length), blob);
      if (typeof opened === 'string') return { kind: 'damaged', what: opened };
      into.set(opened, to);
      from += blob.length;
      to += opened.length;
      releaseMemory(opened);
    }
    return { kind: 'open-into' };
  }

  #hold(held: number, blobs: HeldBlobs['blobs']): BlobResult {
    const ids = hashAll(blobs);
    this.#held.set(held, { blobs, ids: ids.slice() });
    return { kind: 'hold', ids };
  }

  #take(held: number): HeldBlobs {
    const found = this.#held.get(held);
    if (found === undefined) throw new Error('blobs are asked for that nobody holds');
    this.#held.delete(held);
    return found;
  }

  #seal(
    { wanted, type, compress }: Extract<BlobTask, { kind: 'seal' }>,
    { blobs, ids }: HeldBlobs,
  ): BlobResult {
    const packs: MadePack[] = [];
    const lengths = new Uint32Array(wanted.length);
    for (const [index, number] of wanted.entries()) {
      const bytes = blobs[number];
      if (bytes === undefined) throw new Error('a blob is wanted that was not handed over');
      const id = blobId(ids.slice(number * 32, number * 32 + 32));
      lengths[index] = this.#add({ type, id, bytes }, compress);
      if (this.#builders[type].isFull) packs.push(this.#finish(type));
    }
    for (const blob of blobs) releaseMemory(blob);
    return { kind: 'seal', lengths, packs };
  }

  #add(
    { type, id, bytes }: { readonly type: BlobType; readonly id: BlobId; readonly bytes: Uint8Array },
    compress: boolean,
  ): number {
    const compressed =
      compress && !looksRandom(bytes) ? zstdCompressSync(bytes, zstdOptions(bytes.length)) : undefined;
    const smaller = compressed !== undefined && compressed.length < bytes.length;
    const plain = smaller ? compressed : bytes;
    const length = plain.length + OVERHEAD_BYTES;
    const uncompressedLength = smaller ? bytes.length : 0;
    encryptInto(this.#key, plain, this.#builders[type].place(id, { length, uncompressedLength }));
    if (compressed !== undefined) releaseMemory(compressed);
    return length;
  }

  #finish(type: BlobType): MadePack {
    const { bytes, entries } = this.#replace(type);
    return makePack(this.#key, bytes, entries);
  }

  #takeRest(type: BlobType): BlobResult {
    const { bytes, entries } = this.#replace(type);
    return { kind: 'take-rest', blobs: bytes, entries };
  }

  #replace(type: BlobType): PackBuilder {
    const filled = this.#builders[type];
    this.#builders[type] = new PackBuilder(type, this.#memory);
    return filled;
  }
}

/** The buffers to hand over with a task or a result. */
export function transferables(message: BlobTask | BlobResult): ArrayBuffer[] {
  switch (message.kind) {
    case 'hold':
      return 'blobs' in message ? buffersOf(message.blobs) : [message.ids.buffer];
    case 'seal':
      return 'packs' in message ? buffersOf(message.packs.map(({ file }) => file)) : [];
    case 'take-rest':
      return 'blobs' in message ? buffersOf([message.blobs]) : [];
    case 'encrypt':
      return ['bytes' in message ? message.bytes.buffer : message.sealed.buffer];
    case 'pack':
      return buffersOf(['blobs' in message ? message.blobs : message.pack.file]);
    case 'open':
      return ['sealed' in message ? message.sealed.buffer : message.bytes.buffer];
    case 'open-into':
      return 'sealed' in message ? [message.sealed.buffer] : [];
    case 'drop':
    case 'give-back':
    case 'damaged':
      return [];
  }
}

function hashAll(blobs: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const ids = new Uint8Array(blobs.length * 32);
  for (const [index, blob] of blobs.entries()) ids.set(hash('sha256', blob, 'buffer'), index * 32);
  return ids;
}

/** Puts header and length behind the blobs, in the same buffer where there is room. */
function makePack(key: MasterKey, blobs: Uint8Array, entries: readonly PackEntry[]): MadePack {
  const header = encrypt(key, [encodePackHeader(entries)]);
  const length = blobs.length + header.length + 4;
  const inPlace = blobs.byteOffset === 0 && length <= blobs.buffer.byteLength;
  const file = inPlace ? new Uint8Array(blobs.buffer, 0, length) : new Uint8Array(length);
  if (!inPlace) file.set(blobs);
  file.set(header, blobs.length);
  new DataView(file.buffer).setUint32(length - 4, header.length, true);
  return { id: hash('sha256', file, 'hex'), file, entries };
}

/** The same bytes to be handed over; Node cuts small Buffers from a common pool. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength <= length + 1
    ? new Uint8Array(buffer, byteOffset, length)
    : Uint8Array.from(bytes);
}
