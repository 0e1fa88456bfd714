import type { IndexedPack } from './index-file.ts';
import { type BlobId, type BlobType, blobId, type FileId, sameBytes } from './object-id.ts';

/** Where a blob is stored. */
export interface BlobPlace {
  readonly type: BlobType;
  readonly pack: FileId;
  readonly offset: number;
  readonly length: number;
  /** 0 when the blob is not compressed. */
  readonly uncompressedLength: number;
}

const SEGMENT = 1 << 14;

/**
 * All blobs of a repository in memory: 49 bytes each in segments of typed arrays, and 8 to 16 bytes of an open
 * hash table over them. An id is a SHA-256, so its first bytes are the hash. A blob that is stored twice
 * keeps its first place. Data and tree blobs of the same bytes are two blobs.
 */
export class BlobIndex {
  readonly #packs: FileId[] = [];
  readonly #packNumbers = new Map<FileId, number>();
  readonly #segments: Segment[] = [];
  #table = new Uint32Array(1 << 10);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  get packCount(): number {
    return this.#packs.length;
  }

  hasPack(pack: FileId): boolean {
    return this.#packNumbers.has(pack);
  }

  add(pack: IndexedPack): void {
    const number = this.#packNumber(pack.id);
    for (const entry of pack.entries) {
      const slot = this.#slotOf(entry.id, entry.type);
      if (this.#table[slot] !== 0) continue;
      this.#segmentFor(this.#count).set(this.#count % SEGMENT, entry, number);
      this.#count += 1;
      this.#table[slot] = this.#count;
      if (this.#count * 2 > this.#table.length) this.#grow();
    }
  }

  find(id: BlobId, type: BlobType): BlobPlace | undefined {
    const number = this.#table[this.#slotOf(id, type)] ?? 0;
    if (number === 0) return undefined;
    const { packNumber, ...place } = this.#segment(number - 1).place((number - 1) % SEGMENT);
    const pack = this.#packs[packNumber];
    if (pack === undefined) throw new Error('a blob in no pack');
    return { ...place, pack };
  }

  has(id: BlobId, type: BlobType): boolean {
    return (this.#table[this.#slotOf(id, type)] ?? 0) !== 0;
  }

  #packNumber(pack: FileId): number {
    const known = this.#packNumbers.get(pack);
    if (known !== undefined) return known;
    this.#packs.push(pack);
    this.#packNumbers.set(pack, this.#packs.length - 1);
    return this.#packs.length - 1;
  }

  #slotOf(id: BlobId, type: BlobType): number {
    const mask = this.#table.length - 1;
    let slot = hashOf(id) & mask;
    for (let number = this.#table[slot] ?? 0; number !== 0; number = this.#table[slot] ?? 0) {
      if (this.#segment(number - 1).holds((number - 1) % SEGMENT, id, type)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    this.#table = new Uint32Array(this.#table.length * 2);
    const mask = this.#table.length - 1;
    for (let number = 1; number <= this.#count; number++) {
      let slot = this.#segment(number - 1).hash((number - 1) % SEGMENT) & mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
      this.#table[slot] = number;
    }
  }

  #segment(entry: number): Segment {
    const segment = this.#segments[Math.floor(entry / SEGMENT)];
    if (segment === undefined) throw new Error(`no entry ${entry}`);
    return segment;
  }

  #segmentFor(entry: number): Segment {
    if (entry % SEGMENT === 0) this.#segments.push(new Segment());
    return this.#segment(entry);
  }
}

class Segment {
  readonly #ids = new Uint8Array(SEGMENT * 32);
  readonly #types = new Uint8Array(SEGMENT);
  readonly #packs = new Uint32Array(SEGMENT);
  readonly #offsets = new Uint32Array(SEGMENT);
  readonly #lengths = new Uint32Array(SEGMENT);
  readonly #uncompressedLengths = new Uint32Array(SEGMENT);

  set(
    at: number,
    entry: { id: BlobId; type: BlobType; offset: number; length: number; uncompressedLength: number },
    pack: number,
  ): void {
    this.#ids.set(entry.id, at * 32);
    this.#types[at] = typeNumber(entry.type);
    this.#packs[at] = pack;
    this.#offsets[at] = entry.offset;
    this.#lengths[at] = entry.length;
    this.#uncompressedLengths[at] = entry.uncompressedLength;
  }

  holds(at: number, id: BlobId, type: BlobType): boolean {
    return this.#types[at] === typeNumber(type) && sameBytes(this.#ids.subarray(at * 32, at * 32 + 32), id);
  }

  hash(at: number): number {
    return hashOf(blobId(this.#ids.subarray(at * 32, at * 32 + 32)));
  }

  place(at: number) {
    const type: BlobType = this.#types[at] === 1 ? 'tree' : 'data';
    return {
      type,
      packNumber: this.#packs[at] ?? 0,
      offset: this.#offsets[at] ?? 0,
      length: this.#lengths[at] ?? 0,
      uncompressedLength: this.#uncompressedLengths[at] ?? 0,
    };
  }
}

function typeNumber(type: BlobType): number {
  return type === 'tree' ? 1 : 0;
}

function hashOf(id: BlobId): number {
  return ((id[0] ?? 0) | ((id[1] ?? 0) << 8) | ((id[2] ?? 0) << 16) | ((id[3] ?? 0) << 24)) >>> 0;
}
