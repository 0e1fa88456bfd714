import type { Backend } from './backend.ts';
import type { BlobIndex } from './blob-index.ts';
import type { MasterKey } from './encryption.ts';
import { encodeIndexFile, type IndexedPack } from './index-file.ts';
import { saveUnpacked } from './unpacked-file.ts';

/** Keeps an index file below 8 MiB: a blob takes up to 160 bytes of JSON. */
const MOST_BLOBS = 40_000;
const OLDEST_MS = 60_000;

/**
 * Collects stored packs and writes them to index files: at 40,000 blobs, every 60 seconds while there are
 * any, and when told. A pack is in the memory index as soon as it is stored.
 */
export class IndexWriter {
  readonly #save: (packs: readonly IndexedPack[]) => Promise<void>;
  readonly #index: BlobIndex;
  readonly #timer: NodeJS.Timeout;
  #pending: IndexedPack[] = [];
  #pendingBlobs = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    backend: Backend,
    key: MasterKey,
    options: { readonly index: BlobIndex; readonly compress: boolean },
  ) {
    this.#index = options.index;
    this.#save = async (packs) => {
      await saveUnpacked(backend, key, {
        type: 'index',
        plaintext: encodeIndexFile(packs),
        compress: options.compress,
      });
    };
    this.#timer = setInterval(() => void this.flush().catch(() => undefined), OLDEST_MS).unref();
  }

  /** The pack must be durably stored. */
  async add(pack: IndexedPack): Promise<void> {
    this.#index.add(pack);
    this.#pending.push(pack);
    this.#pendingBlobs += pack.entries.length;
    if (this.#pendingBlobs >= MOST_BLOBS) await this.flush();
  }

  /** Resolves when every pack added so far is in a durable index file. */
  flush(): Promise<void> {
    const packs = this.#pending;
    this.#pending = [];
    this.#pendingBlobs = 0;
    if (packs.length > 0) this.#writing = this.#writing.then(() => this.#save(packs));
    return this.#writing;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
