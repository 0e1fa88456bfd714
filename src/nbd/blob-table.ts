import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { damaged } from '../repository/damaged-error.ts';
import { type BlobId, blobId, sameBytes, toHex } from '../repository/object-id.ts';
import { isZerosBlob } from './zero-blob.ts';

/** The ids of a disk's blobs, in order. */
export interface BlobIds {
  readonly length: number;
  at(position: number): BlobId | undefined;
}

/** One blob of a disk. */
export interface PlacedBlob {
  /** In the list of blobs. */
  readonly position: number;
  /** Bytes from the start of the disk. */
  readonly start: number;
  readonly length: number;
  readonly isZeros: boolean;
}

/** Where a stretch of zeros, or of anything else, ends. */
export interface Extent {
  readonly end: number;
  readonly isZeros: boolean;
}

/** restic's chunker ends a blob at 8 MiB, pvebak at 3. One that is longer could not be cached. */
const MOST_BLOB_BYTES = 32 << 20;
const POSITIONS_BETWEEN_YIELDS = 1 << 15;

/**
 * Looks up the length of each blob. One that no index names is taken to be as long as the first that is known, where the
 * lengths then add up to the disk's: the rest of a damaged disk can still be read.
 * @throws UserError `repository-damaged` when they don't add up
 */
export async function buildBlobTable(
  ids: BlobIds,
  disk: {
    readonly name: string;
    readonly size: number;
    readonly lengthOf: (id: BlobId) => number | undefined;
  },
): Promise<BlobTable> {
  const table = new BlobTable();
  const usual = usualLength(ids, disk.lengthOf);
  let missing: string | undefined;
  let last: { readonly id: BlobId; readonly length: number; readonly isZeros: boolean } | undefined;
  for (let position = 0; position < ids.length; position++) {
    const id = ids.at(position);
    if (id === undefined) break;
    if (last === undefined || !sameBytes(last.id, id)) {
      const known = disk.lengthOf(id);
      if (known === undefined) missing ??= `no index names its data blob ${toHex(id)}`;
      const length = known ?? usual;
      if (length > MOST_BLOB_BYTES)
        throw damaged(disk.name, `its data blob ${toHex(id)} is larger than is accepted`);
      const isLast = position === ids.length - 1;
      last = { id: blobId(id.slice()), length, isZeros: isZerosBlob(id, length, { isLast }) };
    }
    table.add(last);
    if (position % POSITIONS_BETWEEN_YIELDS === 0) await yieldToOthers();
  }
  if (table.size !== disk.size)
    throw damaged(disk.name, missing ?? `its blobs hold ${table.size} bytes, and it has ${disk.size}`);
  return table;
}

/**
 * Where each blob of a disk begins. Neighbours of the same length make one run of 17 bytes: a disk of equal chunks needs a
 * few, one with blobs of any length a run for each.
 */
export class BlobTable {
  #starts = new Float64Array(64);
  #positions = new Uint32Array(64);
  #lengths = new Uint32Array(64);
  #zeros = new Uint8Array(64);
  #runs = 0;
  #blobs = 0;
  #size = 0;

  /** Bytes of the disk. */
  get size(): number {
    return this.#size;
  }

  add({ length, isZeros }: { readonly length: number; readonly isZeros: boolean }): void {
    const previous = this.#runs - 1;
    const continues =
      previous >= 0 && this.#lengths[previous] === length && this.#isZeros(previous) === isZeros;
    if (!continues && length > 0) this.#beginRun(length, isZeros);
    this.#blobs += 1;
    this.#size += length;
  }

  /** The blob that holds a byte of the disk. @throws RangeError beyond its end */
  blobAt(offset: number): PlacedBlob {
    const run = this.#runAt(offset);
    const start = this.#startOf(run);
    const length = this.#lengths[run] ?? 0;
    const nth = Math.floor((offset - start) / length);
    return {
      position: (this.#positions[run] ?? 0) + nth,
      start: start + nth * length,
      length,
      isZeros: this.#isZeros(run),
    };
  }

  /** The blob behind another one; undefined at the end. */
  blobAfter({ start, length }: PlacedBlob): PlacedBlob | undefined {
    return start + length < this.#size ? this.blobAt(start + length) : undefined;
  }

  /** How far the disk goes on as it is at a byte, looked at up to `limit`. @throws RangeError beyond its end */
  extentAt(offset: number, limit: number): Extent {
    let run = this.#runAt(offset);
    const isZeros = this.#isZeros(run);
    while (this.#startOf(run + 1) < limit && this.#isZeros(run + 1) === isZeros) run += 1;
    return { end: Math.min(this.#startOf(run + 1), limit), isZeros };
  }

  /** By halving: the last run that begins at or before the offset. */
  #runAt(offset: number): number {
    if (offset < 0 || offset >= this.#size) throw new RangeError(`the disk has no byte ${offset}`);
    let low = 0;
    let high = this.#runs - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#startOf(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #startOf(run: number): number {
    return run < this.#runs ? (this.#starts[run] ?? 0) : this.#size;
  }

  #isZeros(run: number): boolean {
    return this.#zeros[run] === 1;
  }

  #beginRun(length: number, isZeros: boolean): void {
    if (this.#runs === this.#starts.length) this.#grow();
    this.#starts[this.#runs] = this.#size;
    this.#positions[this.#runs] = this.#blobs;
    this.#lengths[this.#runs] = length;
    this.#zeros[this.#runs] = isZeros ? 1 : 0;
    this.#runs += 1;
  }

  #grow(): void {
    const room = this.#runs * 2;
    this.#starts = copyInto(new Float64Array(room), this.#starts);
    this.#positions = copyInto(new Uint32Array(room), this.#positions);
    this.#lengths = copyInto(new Uint32Array(room), this.#lengths);
    this.#zeros = copyInto(new Uint8Array(room), this.#zeros);
  }
}

function copyInto<T extends { set(values: T): void }>(target: T, values: T): T {
  target.set(values);
  return target;
}

function usualLength(ids: BlobIds, lengthOf: (id: BlobId) => number | undefined): number {
  for (let position = 0; position < ids.length; position++) {
    const id = ids.at(position);
    const length = id === undefined ? undefined : lengthOf(id);
    if (length !== undefined) return length;
  }
  return 0;
}
