import type { SavedBlob } from '../../repository/blob-writer.ts';
import type { BlobSaver } from '../../repository/store.ts';
import type { StoredAmount } from '../stored-amount.ts';
import { BlobBatch } from './blob-batch.ts';
import type { IdSlots } from './id-slots.ts';
import type { Content } from './inode-table.ts';
import { PendingWork } from './pending-work.ts';

/** Small stretches, and the small holes between them, are joined up to this. */
const JOINED_BYTES = 512 << 10;
/** Where a hole becomes blobs of its own. */
const OWN_HOLE_FROM = 64 << 10;
const HOLE_BYTES = 8 << 20;
/** Holes of their own are cut to this, so that there are few lengths of them. */
const HOLE_GRAIN = 4096;
const ZEROS = new Uint8Array(OWN_HOLE_FROM);

/**
 * Lists the blobs of one file after the other. A file's content comes in order: stretches that are blobs already, and
 * small ones, which become blobs here; what lies between is zero. Whatever returns a promise is awaited before the next call.
 */
export class FileContent {
  readonly #writer: BlobSaver;
  readonly #slots: IdSlots;
  readonly #batch: BlobBatch;
  readonly #pending = new PendingWork();
  #first = 0;
  #at = 0;

  /** @param amount counts the small blobs and the holes; the others are counted where they are saved */
  constructor(writer: BlobSaver, { slots, amount }: { slots: IdSlots; amount: StoredAmount }) {
    this.#writer = writer;
    this.#slots = slots;
    this.#batch = new BlobBatch(writer, 'data', (slot, saved) => {
      amount.count(saved);
      slots.fill(slot, saved.id);
    });
  }

  begin(): void {
    this.#first = this.#slots.length;
    this.#at = 0;
  }

  /** @param offset in the file */
  addSmall(bytes: Uint8Array, offset: number): Promise<void> | undefined {
    const length = bytes.length;
    if (offset === this.#at && this.#batch.openBytes + length <= JOINED_BYTES) {
      this.#at += length;
      return this.#batch.append(bytes);
    }
    return this.#addSlowly(bytes, offset);
  }

  /** A stretch that is one blob, which somebody else saves. */
  async addBlob(offset: number, length: number, done: Promise<SavedBlob>): Promise<void> {
    this.#pending.check();
    await this.#skipTo(offset);
    await this.#cut();
    const slot = this.#slots.take();
    this.#pending.track(done.then(({ id }) => this.#slots.fill(slot, id)));
    this.#at += length;
  }

  /** Ends the file, whose ids may still be on their way. */
  async finish(size: number): Promise<Content> {
    if (this.#at < size) await this.#skipTo(size);
    if (this.#batch.openBytes > 0) await this.#cut();
    return { size, first: this.#first, count: this.#slots.length - this.#first };
  }

  /** Resolves when every slot is filled. */
  async end(): Promise<void> {
    await this.#batch.end();
    await this.#pending.end();
  }

  async #addSlowly(bytes: Uint8Array, offset: number): Promise<void> {
    await this.#skipTo(offset);
    await this.#join(bytes);
  }

  async #join(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#batch.openBytes === JOINED_BYTES) await this.#cut();
      const part = bytes.subarray(at, at + JOINED_BYTES - this.#batch.openBytes);
      await this.#batch.append(part);
      at += part.length;
    }
    this.#at += bytes.length;
  }

  async #skipTo(offset: number): Promise<void> {
    const hole = offset - this.#at;
    if (hole >= OWN_HOLE_FROM) await this.#addHole(hole - (hole % HOLE_GRAIN));
    if (offset > this.#at) await this.#join(ZEROS.subarray(0, offset - this.#at));
  }

  async #addHole(length: number): Promise<void> {
    await this.#cut();
    for (let left = length; left > 0; left -= HOLE_BYTES) {
      const { id } = await this.#writer.saveZeros(Math.min(left, HOLE_BYTES));
      this.#slots.fill(this.#slots.take(), id);
    }
    this.#at += length;
  }

  async #cut(): Promise<void> {
    if (this.#batch.openBytes > 0) await this.#batch.cut(this.#slots.take());
  }
}
