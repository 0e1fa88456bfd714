import type { SavedBlob } from '../../repository/blob-writer.ts';
import type { BlobType } from '../../repository/object-id.ts';
import type { BlobSaver } from '../../repository/store.ts';
import { PendingWork } from './pending-work.ts';

/** The longest blob there is room for. */
export const BATCH_BYTES = 1 << 20;
const MOST_BLOBS = 1024;

/** Who waits for a blob that was cut: its number there, and what became of it. */
export type OnSaved = (slot: number, saved: SavedBlob) => void;

/**
 * Saves many small blobs, about 1 MiB of them at a time. `append` the bytes of one blob, `cut` it, and so on; `end` when
 * there are no more. Whatever returns a promise is awaited before the next call: that is the back-pressure.
 */
export class BlobBatch {
  readonly #writer: BlobSaver;
  readonly #type: BlobType;
  readonly #onSaved: OnSaved;
  readonly #pending = new PendingWork();
  #buffer = new Uint8Array(BATCH_BYTES);
  #cuts: { readonly slot: number; readonly end: number }[] = [];
  #cutAt = 0;
  #length = 0;

  constructor(writer: BlobSaver, type: BlobType, onSaved: OnSaved) {
    this.#writer = writer;
    this.#type = type;
    this.#onSaved = onSaved;
  }

  /** Bytes of the blob that is not cut yet. */
  get openBytes(): number {
    return this.#length - this.#cutAt;
  }

  /** Copies bytes to the end of the open blob. @throws RangeError when it gets longer than 1 MiB */
  append(bytes: Uint8Array): Promise<void> | undefined {
    if (this.openBytes + bytes.length > BATCH_BYTES) throw new RangeError('the blob is too long');
    if (this.#length + bytes.length > BATCH_BYTES) return this.#send().then(() => this.#copy(bytes));
    this.#copy(bytes);
    return undefined;
  }

  /** Ends the open blob; `slot` is what `onSaved` gets. */
  cut(slot: number): Promise<void> | undefined {
    this.#cuts.push({ slot, end: this.#length });
    this.#cutAt = this.#length;
    return this.#cuts.length < MOST_BLOBS ? undefined : this.#send();
  }

  /** Resolves when all blobs that were cut are saved, and `onSaved` was called for each. */
  async end(): Promise<void> {
    await this.#send();
    await this.#pending.end();
  }

  #copy(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Hands the buffer over with all that was cut; the open blob goes on in a new one. */
  async #send(): Promise<void> {
    this.#pending.check();
    const [cuts, sent] = [this.#cuts, this.#buffer];
    if (cuts.length === 0) return;
    this.#buffer = new Uint8Array(BATCH_BYTES);
    this.#buffer.set(sent.subarray(this.#cutAt, this.#length));
    this.#length = this.openBytes;
    this.#cutAt = 0;
    this.#cuts = [];
    const blobs = cuts.map(({ end }, index) => sent.subarray(cuts[index - 1]?.end ?? 0, end));
    const { done } = await this.#writer.startMany(this.#type, blobs);
    const take = (saved: readonly SavedBlob[]) => {
      for (const [index, blob] of saved.entries()) this.#onSaved(cuts[index]?.slot ?? 0, blob);
    };
    this.#pending.track(done.then(take));
  }
}
