import { createCipheriv, randomBytes } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../repository/write-whole.ts';

/** Where a piece lies, and the counter block its key stream begins with. */
export interface SpilledPiece {
  readonly slot: number;
  readonly block: bigint;
}

/**
 * A temporary file of equal pieces, for what does not fit into memory. It has no name (it is removed as soon as
 * it is open) and is encrypted with a key that only this process knows; no part of the key stream is used twice.
 */
export class SpillFile implements AsyncDisposable {
  readonly #folder: string;
  readonly #pieceBytes: number;
  readonly #mostPieces: number;
  readonly #key = randomBytes(32);
  readonly #free: number[] = [];
  #file: Promise<FileHandle> | undefined;
  #slots = 0;
  #nextBlock = 0n;

  constructor(folder: string, options: { readonly pieceBytes: number; readonly mostBytes: number }) {
    this.#folder = folder;
    this.#pieceBytes = options.pieceBytes;
    this.#mostPieces = Math.floor(options.mostBytes / options.pieceBytes);
  }

  get isFull(): boolean {
    return this.#free.length === 0 && this.#slots >= this.#mostPieces;
  }

  /** @param piece exactly one piece long */
  async put(piece: Uint8Array): Promise<SpilledPiece> {
    const place = { slot: this.#free.pop() ?? this.#slots++, block: this.#nextBlock };
    this.#nextBlock += BigInt(Math.ceil(this.#pieceBytes / 16));
    const file = await this.#open();
    await writeWhole(file, this.#applyKeyStream(piece, place.block), place.slot * this.#pieceBytes);
    return place;
  }

  /** Reads a piece back and frees its place. */
  async take(place: SpilledPiece): Promise<Uint8Array> {
    const piece = Buffer.alloc(this.#pieceBytes);
    const { bytesRead } = await (await this.#open()).read(
      piece,
      0,
      this.#pieceBytes,
      place.slot * this.#pieceBytes,
    );
    if (bytesRead !== this.#pieceBytes)
      throw new Error('the temporary file is shorter than what was written to it');
    this.#free.push(place.slot);
    return this.#applyKeyStream(piece, place.block);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#file)?.close();
  }

  #open(): Promise<FileHandle> {
    this.#file ??= openNameless(join(this.#folder, `pvebak-spill-${randomBytes(8).toString('hex')}`));
    return this.#file;
  }

  #applyKeyStream(bytes: Uint8Array, block: bigint): Uint8Array {
    const counter = Buffer.alloc(16);
    counter.writeBigUInt64BE(block, 8);
    return createCipheriv('aes-256-ctr', this.#key, counter).update(bytes);
  }
}

async function openNameless(path: string): Promise<FileHandle> {
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
