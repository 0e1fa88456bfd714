import { type BlobId, blobId } from './object-id.ts';
import { releaseMemory } from './release-memory.ts';
import type { BlobFiller, BlobSource } from './store.ts';

/** Read together. */
const MOST_BLOBS = 8;
/** Of each piece of memory; as a blob of VMs is 256 KiB or 1 MiB, half of it or all is used, and what nobody touches takes none. */
const MEMORY_BYTES = 4 << 20;

/** A blob's bytes, in memory that holds others as well. */
export interface LentBlob {
  readonly bytes: Uint8Array;
  /** To be called once, when nobody needs the bytes any longer; without it they stay as long as somebody has them. */
  giveBack(): void;
}

interface Wanted {
  readonly id: BlobId;
  readonly resolve: (blob: LentBlob) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads data blobs that are used for a moment, several at a time into shared memory, which comes back when the last of them
 * does. Memory that comes and goes with each blob made the garbage collector run five times a second.
 */
export class BlobLender {
  readonly #reader: BlobSource & BlobFiller;
  readonly #spares: SharedArrayBuffer[] = [];
  #wanted: Wanted[] = [];
  #soon: NodeJS.Immediate | undefined;

  constructor(reader: BlobSource & BlobFiller) {
    this.#reader = reader;
  }

  /** @throws UserError `repository-damaged` naming blob and pack */
  borrow(id: BlobId): Promise<LentBlob> {
    const { promise, resolve, reject } = Promise.withResolvers<LentBlob>();
    this.#wanted.push({ id: blobId(id.slice()), resolve, reject });
    if (this.#wanted.length >= MOST_BLOBS) this.#readWanted();
    else this.#soon ??= setImmediate(() => this.#readWanted());
    return promise;
  }

  #readWanted(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    const wanted = this.#wanted;
    this.#wanted = [];
    void this.#read(wanted);
  }

  async #read(wanted: readonly Wanted[]): Promise<void> {
    for (let rest = wanted; rest.length > 0; ) {
      const memory = this.#spares.pop() ?? new SharedArrayBuffer(MEMORY_BYTES);
      const lengths = await this.#fill(rest, memory);
      if (lengths.length === 0) {
        this.#spares.push(memory);
        await this.#readAlone(rest[0]);
        rest = rest.slice(1);
      } else {
        this.#lend(rest, lengths, memory);
        rest = rest.slice(lengths.length);
      }
    }
  }

  /** None when one of them cannot be read: which, and why, tells whoever reads it alone. */
  async #fill(wanted: readonly Wanted[], memory: SharedArrayBuffer): Promise<readonly number[]> {
    try {
      return await this.#reader.readInto(
        wanted.map(({ id }) => id),
        memory,
      );
    } catch {
      return [];
    }
  }

  #lend(wanted: readonly Wanted[], lengths: readonly number[], memory: SharedArrayBuffer): void {
    let at = 0;
    let lent = lengths.length;
    const giveBack = () => {
      lent -= 1;
      if (lent === 0) this.#spares.push(memory);
    };
    for (const [index, length] of lengths.entries()) {
      wanted[index]?.resolve({ bytes: new Uint8Array(memory, at, length), giveBack });
      at += length;
    }
  }

  async #readAlone(wanted: Wanted | undefined): Promise<void> {
    if (wanted === undefined) return;
    try {
      const bytes = await this.#reader.read('data', wanted.id);
      wanted.resolve({ bytes, giveBack: () => releaseMemory(bytes) });
    } catch (error) {
      wanted.reject(error);
    }
  }
}
