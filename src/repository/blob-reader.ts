import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { createZstdDecompress } from 'node:zlib';
import type { Backend } from './backend.ts';
import type { BlobIndex, BlobPlace } from './blob-index.ts';
import { BlobDamage, type BlobWorkers } from './blob-workers.ts';
import { damaged } from './damaged-error.ts';
import { decryptSlices, type MasterKey, OVERHEAD_BYTES } from './encryption.ts';
import { type BlobId, type BlobType, sameBytes, toHex } from './object-id.ts';
import type { BlobFiller, BlobSource } from './store.ts';
import { type StoredNode, TreeParser } from './tree-parser.ts';

const LARGE_BYTES = 4 << 20;
/** Opened by one thread at a time, so that the others have something to do too. */
const RUN_BYTES = 1 << 20;
/** No blob that restic or pvebak writes comes near; a larger one is taken for damage. */
const MOST_BYTES = 1 << 30;

/** A blob that is to be read, and where it goes. */
interface Placed {
  readonly id: BlobId;
  readonly place: BlobPlace;
  readonly to: number;
}

/** Reads blobs; every one is checked against its id before it is given out, trees as a whole. */
export class BlobReader implements BlobSource, BlobFiller {
  readonly #backend: Backend;
  readonly #key: MasterKey;
  readonly #index: BlobIndex;
  readonly #workers: BlobWorkers;

  constructor(parts: {
    readonly backend: Backend;
    readonly key: MasterKey;
    readonly index: BlobIndex;
    readonly workers: BlobWorkers;
  }) {
    this.#backend = parts.backend;
    this.#key = parts.key;
    this.#index = parts.index;
    this.#workers = parts.workers;
  }

  /** Plaintext length of a blob, or undefined when the repository does not hold it. */
  lengthOf(type: BlobType, id: BlobId): number | undefined {
    const place = this.#index.find(id, type);
    return place && plainLength(place);
  }

  /** @throws UserError `repository-damaged` naming blob and pack */
  async read(type: BlobType, id: BlobId): Promise<Uint8Array<ArrayBuffer>> {
    const place = this.#find(type, id);
    const sealed = await this.#load(place);
    try {
      const task = {
        kind: 'open',
        sealed,
        id: Uint8Array.from(id),
        uncompressedLength: place.uncompressedLength,
      } as const;
      return (await this.#workers.run<'open'>(task)).bytes;
    } catch (error) {
      if (error instanceof BlobDamage) throw this.#damaged(place, id, error.message);
      throw error;
    }
  }

  async readInto(ids: readonly BlobId[], memory: SharedArrayBuffer): Promise<readonly number[]> {
    const placed: Placed[] = [];
    let to = 0;
    for (const id of ids) {
      const place = this.#find('data', id);
      const length = plainLength(place);
      if (to + length > memory.byteLength) break;
      placed.push({ id, place, to });
      to += length;
    }
    // None may be under way when the memory is no longer lent.
    const runs = await Promise.allSettled(neighbours(placed).map((run) => this.#openInto(run, memory)));
    for (const run of runs) if (run.status === 'rejected') throw run.reason;
    return placed.map(({ place }) => plainLength(place));
  }

  async #openInto(run: readonly Placed[], memory: SharedArrayBuffer): Promise<void> {
    const [first] = run;
    if (first === undefined) return;
    const length = run.reduce((sum, { place }) => sum + place.length, 0);
    const plain = run.reduce((sum, { place }) => sum + plainLength(place), 0);
    const sealed = await this.#load({ ...first.place, length });
    await this.#workers.run<'open-into'>({
      kind: 'open-into',
      sealed,
      blobs: run.map(({ id, place }) => ({
        id: Uint8Array.from(id),
        length: place.length,
        uncompressedLength: place.uncompressedLength,
      })),
      into: new Uint8Array(memory, first.to, plain),
    });
  }

  /** @throws UserError `repository-damaged` naming blob and pack */
  async readTree(id: BlobId): Promise<readonly StoredNode[]> {
    const place = this.#find('tree', id);
    const parser = new TreeParser();
    try {
      const pieces =
        Math.max(place.uncompressedLength, place.length) > LARGE_BYTES
          ? this.#readLarge(place, id)
          : [await this.read('tree', id)];
      for await (const piece of pieces) parser.push(piece);
      return parser.end();
    } catch (error) {
      if (error instanceof RangeError) throw this.#damaged(place, id, error.message);
      throw error;
    }
  }

  /** In slices, as a list can be hundreds of megabytes. Nothing read may be trusted before the end was reached. */
  async *#readLarge(place: BlobPlace, id: BlobId): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    const decrypted = this.#decrypt(place, await this.#load(place), id);
    const plain = place.uncompressedLength > 0 ? decompress(decrypted) : decrypted;
    let length = 0;
    for await (const piece of plain) {
      length += piece.length;
      if (length > place.uncompressedLength && place.uncompressedLength > 0)
        throw this.#damaged(place, id, 'it is longer than the index says');
      hash.update(piece);
      yield piece;
      await yieldToOthers();
    }
    if (!sameBytes(hash.digest(), id)) throw this.#damaged(place, id, 'its content has another id');
  }

  *#decrypt(place: BlobPlace, sealed: Uint8Array, id: BlobId): Generator<Uint8Array> {
    const authentic = yield* decryptSlices(this.#key, sealed);
    if (!authentic) throw this.#damaged(place, id, 'its MAC is wrong');
  }

  #find(type: BlobType, id: BlobId): BlobPlace {
    const place = this.#index.find(id, type);
    if (place === undefined) throw damaged(`${type} blob ${toHex(id)}`, 'no index names it');
    if (place.length > MOST_BYTES || place.uncompressedLength > MOST_BYTES)
      throw this.#damaged(place, id, 'it is larger than is accepted');
    return place;
  }

  #load(place: BlobPlace): Promise<Uint8Array<ArrayBuffer>> {
    return this.#backend.load(
      { type: 'data', name: place.pack },
      { offset: place.offset, length: place.length },
    );
  }

  #damaged(place: BlobPlace, id: BlobId, what: string) {
    return damaged(
      `data/${place.pack.slice(0, 2)}/${place.pack}`,
      `${place.type} blob ${toHex(id)} at offset ${place.offset}: ${what}`,
    );
  }
}

function plainLength({ length, uncompressedLength }: BlobPlace): number {
  return uncompressedLength > 0 ? uncompressedLength : Math.max(0, length - OVERHEAD_BYTES);
}

/** In runs of blobs that lie one after the other in one pack. */
function neighbours(placed: readonly Placed[]): readonly (readonly Placed[])[] {
  const runs: Placed[][] = [];
  for (const blob of placed) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    const isNext =
      before?.place.pack === blob.place.pack &&
      before.place.offset + before.place.length === blob.place.offset;
    if (run !== undefined && isNext && blob.to - (run[0]?.to ?? 0) < RUN_BYTES) run.push(blob);
    else runs.push([blob]);
  }
  return runs;
}

async function* decompress(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const zstd = createZstdDecompress();
  const source = Readable.from(pieces);
  source.on('error', (error) => zstd.destroy(error));
  try {
    for await (const piece of source.pipe(zstd)) yield piece;
  } catch (cause) {
    throw cause instanceof Error && 'code' in cause && String(cause.code).startsWith('ZSTD')
      ? new RangeError('it cannot be decompressed', { cause })
      : cause;
  }
}
