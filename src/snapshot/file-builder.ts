import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { BlobList } from '../repository/blob-list.ts';
import type { SavedBlob } from '../repository/blob-writer.ts';
import type { BlobId } from '../repository/object-id.ts';
import type { BlobSaver } from '../repository/store.ts';
import { ListDigest } from './list-digest.ts';
import { StoredAmount } from './stored-amount.ts';

/** A file whose blobs are saved; it is in no tree yet. */
export interface TakenFile {
  readonly size: number;
  readonly content: BlobList;
  /** `list-digest.ts` over its blobs. */
  readonly listDigest: string;
  /** What its blobs added; blobs that another file brought are not counted. */
  readonly amount: StoredAmount;
}

/** One blob of a file, saved already. */
export interface FilePart {
  readonly id: BlobId;
  readonly length: number;
}

interface Waiting {
  readonly done: Promise<unknown>;
  part: FilePart | undefined;
}

const MOST_WAITING = 512;
const PARTS_BETWEEN_YIELDS = 2048;

/** Puts a file together from blobs in order, while they are being saved side by side. */
export class FileBuilder {
  readonly #writer: BlobSaver;
  readonly #waiting: Waiting[] = [];
  readonly #content = new BlobList();
  readonly #digest = new ListDigest();
  readonly #amount = new StoredAmount();
  #size = 0;
  #failure: { readonly cause: unknown } | undefined;

  constructor(writer: BlobSaver) {
    this.#writer = writer;
  }

  /** Saves bytes (handed over) and appends them. Awaiting is the back-pressure. */
  async push(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.cause;
    const { done } = await this.#writer.start('data', bytes);
    const waiting: Waiting = {
      done: done.then(
        (saved) => this.#saved(waiting, saved),
        (cause: unknown) => this.#failed(cause),
      ),
      part: undefined,
    };
    this.#waiting.push(waiting);
    if (this.#waiting.length >= MOST_WAITING) await this.#waiting[0]?.done;
  }

  /** Appends a blob that was saved, and counted, elsewhere. */
  async pushPart(part: FilePart): Promise<void> {
    if (this.#waiting.length === 0) this.#append(part);
    else this.#waiting.push({ done: Promise.resolve(), part });
    if (this.#content.length % PARTS_BETWEEN_YIELDS === 0) await yieldToOthers();
    while (this.#waiting.length >= MOST_WAITING) await this.#waiting[0]?.done;
  }

  /** Resolves when all blobs were taken on. */
  async end(): Promise<TakenFile> {
    await Promise.all(this.#waiting.map(({ done }) => done));
    if (this.#failure !== undefined) throw this.#failure.cause;
    return { size: this.#size, content: this.#content, listDigest: this.#digest.hex(), amount: this.#amount };
  }

  #saved(waiting: Waiting, saved: SavedBlob): void {
    this.#amount.count(saved);
    waiting.part = saved;
    for (let head = this.#waiting[0]; head?.part !== undefined; head = this.#waiting[0]) {
      this.#append(head.part);
      this.#waiting.shift();
    }
  }

  #failed(cause: unknown): void {
    this.#failure ??= { cause };
    this.#waiting.length = 0;
  }

  #append(part: FilePart): void {
    this.#content.push(part.id);
    this.#size += part.length;
    this.#digest.add(part);
  }
}
