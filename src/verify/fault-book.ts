import type { BlobIndex } from '../repository/blob-index.ts';
import { BlobSet } from '../repository/blob-set.ts';
import type { BlobFinding } from '../repository/check-pack.ts';
import { type FileFault, packFile } from '../repository/file-fault.ts';
import { type BlobId, type BlobType, parseBlobId, toHex } from '../repository/object-id.ts';
import type { DamagedBlob, Fault } from './fault.ts';

interface PackPage {
  /** How many packs were noted before it. */
  readonly place: number;
  readonly whats: Set<string>;
  readonly blobs: Map<string, DamagedBlob>;
}

/** Collects what is found to be wrong: each thing once, however often it is met. */
export class FaultBook {
  readonly #index: BlobIndex;
  readonly #files: FileFault[] = [];
  readonly #packs = new Map<string, PackPage>();
  readonly #unindexed = new Map<string, DamagedBlob>();
  readonly #contents: Extract<Fault, { kind: 'contents' }>[] = [];
  readonly #damaged: Record<BlobType, BlobSet> = { data: new BlobSet(), tree: new BlobSet() };

  constructor(index: BlobIndex) {
    this.#index = index;
  }

  get count(): number {
    return this.#files.length + this.#packs.size + this.#contents.length + (this.#unindexed.size > 0 ? 1 : 0);
  }

  noteFile({ file, what }: FileFault): void {
    this.#files.push({ file, what });
  }

  notePack(pack: string, what: string): void {
    this.#page(pack).whats.add(what);
  }

  /** A blob of a pack. Snapshots are touched by it only if this is the copy that is read. */
  notePackBlob(pack: string, blob: BlobFinding): void {
    this.#page(pack).blobs.set(blob.type + blob.id, blob);
    const id = parseBlobId(blob.id);
    if (id !== undefined && this.#index.find(id, blob.type)?.pack === pack) this.#damaged[blob.type].add(id);
  }

  /** A blob that was asked for and is not there, or is damaged. */
  noteBlob(type: BlobType, id: BlobId, what: string): void {
    const place = this.#index.find(id, type);
    const hex = toHex(id);
    if (place === undefined) {
      this.#damaged[type].add(id);
      this.#unindexed.set(type + hex, { type, id: hex, offset: undefined, what: 'no index names it' });
    } else if (!this.#damaged[type].has(id))
      this.notePackBlob(place.pack, { type, id: hex, offset: place.offset, what });
  }

  /** Once a snapshot and path. */
  noteContents(snapshot: string, path: string, what: string): void {
    this.#contents.push({ kind: 'contents', snapshot, path, what });
  }

  /** Whether reading this blob would fail. */
  isDamaged(type: BlobType, id: BlobId): boolean {
    return this.#damaged[type].has(id);
  }

  /** Which of `faults()` keeps a blob from being read; undefined when none does. */
  placeOf(type: BlobType, id: BlobId): number | undefined {
    if (!this.#damaged[type].has(id)) return undefined;
    const place = this.#index.find(id, type);
    const packs = place === undefined ? this.#packs.size : this.#page(place.pack).place;
    return this.#files.length + packs;
  }

  /** Files, packs, what no index names, contents. */
  faults(): readonly Fault[] {
    return [
      ...this.#files.map((fault): Fault => ({ kind: 'file', ...fault })),
      ...[...this.#packs].map(([pack, { whats, blobs }]): Fault => {
        const byOffset = [...blobs.values()].sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
        return { kind: 'pack', file: packFile(pack), whats: [...whats], blobs: byOffset };
      }),
      ...(this.#unindexed.size === 0
        ? []
        : [{ kind: 'unindexed', blobs: [...this.#unindexed.values()] } as const]),
      ...this.#contents,
    ];
  }

  #page(pack: string): PackPage {
    const page = this.#packs.get(pack) ?? { place: this.#packs.size, whats: new Set(), blobs: new Map() };
    this.#packs.set(pack, page);
    return page;
  }
}
