import { type BlobId, type BlobType, toHex } from '../repository/object-id.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import type { FaultBook } from './fault-book.ts';
import { NotedDamage } from './proving-source.ts';

/** What one fault spoils below some folder. */
export interface Spoiled {
  /** At most 20. */
  readonly paths: readonly string[];
  readonly count: number;
}

/** By the fault's place in `FaultBook.faults()`. */
export type SpoiledByFault = ReadonlyMap<number, Spoiled>;

const MOST_PATHS = 20;
const NOTHING: SpoiledByFault = new Map();

/** Finds what damaged blobs spoil: goes through each tree once, however many snapshots share it. */
export class FaultTracer {
  readonly #source: BlobSource;
  readonly #book: FaultBook;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, SpoiledByFault>();

  constructor(source: BlobSource, book: FaultBook, signal: AbortSignal) {
    this.#source = source;
    this.#book = book;
    this.#signal = signal;
  }

  /** Paths below the tree, `/drive-scsi0/drive-scsi0.raw`; that of a tree which is damaged itself is empty. */
  async trace(tree: BlobId): Promise<SpoiledByFault> {
    const key = toHex(tree);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#signal.throwIfAborted();
    const found = await this.#traceAnew(tree);
    this.#known.set(key, found);
    return found;
  }

  async #traceAnew(tree: BlobId): Promise<SpoiledByFault> {
    const own = this.#book.placeOf('tree', tree);
    if (own !== undefined) return new Map([[own, { paths: [''], count: 1 }]]);
    const found = new Map<number, Spoiled>();
    for (const node of await this.#read(tree)) {
      const name = `/${Buffer.from(node.name).toString('utf8')}`;
      for (const place of this.#spoilersOf(node)) add(found, place, { paths: [name], count: 1 });
      if (node.subtree === undefined) continue;
      for (const [place, { paths, count }] of await this.trace(node.subtree))
        add(found, place, { paths: paths.map((path) => name + path), count });
    }
    return found.size === 0 ? NOTHING : found;
  }

  async #read(tree: BlobId): Promise<readonly StoredNode[]> {
    try {
      return await this.#source.readTree(tree);
    } catch (error) {
      if (error instanceof NotedDamage) return [];
      throw error;
    }
  }

  #spoilersOf(node: StoredNode): ReadonlySet<number> {
    const places = new Set<number>();
    for (const id of node.content) {
      const place = this.#placeOf('data', id);
      if (place !== undefined) places.add(place);
    }
    return places;
  }

  #placeOf(type: BlobType, id: BlobId): number | undefined {
    return this.#book.isDamaged(type, id) ? this.#book.placeOf(type, id) : undefined;
  }
}

function add(found: Map<number, Spoiled>, place: number, more: Spoiled): void {
  const before = found.get(place) ?? { paths: [], count: 0 };
  const paths = [...before.paths, ...more.paths].slice(0, MOST_PATHS);
  found.set(place, { paths, count: before.count + more.count });
}
