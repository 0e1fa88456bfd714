import { BlobList } from '../repository/blob-list.ts';
import type { BlobWriter, SavedBlob } from '../repository/blob-writer.ts';
import type { BlobType } from '../repository/object-id.ts';
import type { StoredAmount } from './stored-amount.ts';

/** Saves blobs side by side and keeps their ids in the order in which they were given. */
export class OrderedSaves {
  readonly #writer: BlobWriter;
  readonly #type: BlobType;
  readonly #amount: StoredAmount;
  readonly #ids = new BlobList();
  #last: Promise<void> = Promise.resolve();

  constructor(writer: BlobWriter, type: BlobType, amount: StoredAmount) {
    this.#writer = writer;
    this.#type = type;
    this.#amount = amount;
  }

  /** Resolves when the writer has taken the bytes on. */
  async push(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { done } = await this.#writer.start(this.#type, bytes);
    this.pushSaved(done);
  }

  /** Puts a blob that is saved elsewhere into the order. */
  pushSaved(done: Promise<SavedBlob>): void {
    const before = this.#last;
    this.#last = (async () => {
      const [, saved] = await Promise.all([before, done]);
      this.#amount.count(saved);
      this.#ids.push(saved.id);
    })();
    this.#last.catch(() => undefined);
  }

  /** The ids, once all blobs are taken in. */
  async end(): Promise<BlobList> {
    await this.#last;
    return this.#ids;
  }
}
