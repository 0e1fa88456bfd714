interface Entry {
  readonly bytes: Promise<Uint8Array>;
  readonly length: number;
}

/**
 * The blobs that were wanted last, up to a number of bytes. What is being read counts already, so a blob that is wanted twice
 * at once is read once. One that could not be read is forgotten.
 */
export class BlobCache {
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;
  #held = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** The blob; `read` is called when it is not there. */
  get(key: string, length: number, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, found);
      return found.bytes;
    }
    const entry = { bytes: read(), length };
    this.#entries.set(key, entry);
    this.#held += length;
    entry.bytes.catch(() => {
      if (this.#entries.get(key) === entry) this.#drop(key, entry);
    });
    this.#makeRoom();
    return entry.bytes;
  }

  /** The newest stays, however large it is. */
  #makeRoom(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#held <= this.#limit || this.#entries.size === 1) return;
      this.#drop(key, entry);
    }
  }

  #drop(key: string, { length }: Entry): void {
    this.#entries.delete(key);
    this.#held -= length;
  }
}
