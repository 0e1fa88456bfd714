import { type BlobId, blobId, sameBytes } from './object-id.ts';

const FIRST_IDS = 1 << 10;

/** A set of blob ids: 32 bytes each, and 8 to 16 of an open hash table over them. */
export class BlobSet implements Iterable<BlobId> {
  #ids = new Uint8Array(FIRST_IDS * 32);
  #table = new Uint32Array(FIRST_IDS * 2);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: BlobId): boolean {
    return this.#table[this.#slotOf(id)] !== 0;
  }

  /** @returns whether it was not there yet */
  add(id: BlobId): boolean {
    const slot = this.#slotOf(id);
    if (this.#table[slot] !== 0) return false;
    if ((this.#size + 1) * 32 > this.#ids.length) this.#growIds();
    this.#ids.set(id, this.#size * 32);
    this.#size += 1;
    this.#table[slot] = this.#size;
    if (this.#size * 2 > this.#table.length) this.#growTable();
    return true;
  }

  /** Views, valid until the next `add`. */
  *[Symbol.iterator](): Iterator<BlobId> {
    for (let place = 0; place < this.#size; place++) yield this.#at(place);
  }

  #at(place: number): BlobId {
    return blobId(this.#ids.subarray(place * 32, place * 32 + 32));
  }

  /** An id is a SHA-256, so its first bytes are the hash. */
  #slotOf(id: BlobId): number {
    const mask = this.#table.length - 1;
    const first = (id[0] ?? 0) | ((id[1] ?? 0) << 8) | ((id[2] ?? 0) << 16) | ((id[3] ?? 0) << 24);
    let slot = (first >>> 0) & mask;
    for (let number = this.#table[slot] ?? 0; number !== 0; number = this.#table[slot] ?? 0) {
      if (sameBytes(this.#at(number - 1), id)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #growIds(): void {
    const grown = new Uint8Array(this.#ids.length * 2);
    grown.set(this.#ids);
    this.#ids = grown;
  }

  #growTable(): void {
    this.#table = new Uint32Array(this.#table.length * 2);
    for (let place = 0; place < this.#size; place++) this.#table[this.#slotOf(this.#at(place))] = place + 1;
  }
}
