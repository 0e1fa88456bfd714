const PAGE_CLUSTERS = 65536;
const WORD_BITS = 32;

/**
 * Which clusters of a device were seen: a bit each, in pages of 8 KiB that exist once something is in them, so that a
 * header which only claims large devices costs nothing.
 */
export class ClusterSet {
  readonly #clusters: number;
  readonly #pages: (Uint32Array | undefined)[];
  /** How many were added. */
  size = 0;

  constructor(clusters: number) {
    this.#clusters = clusters;
    this.#pages = new Array<undefined>(Math.ceil(clusters / PAGE_CLUSTERS)).fill(undefined);
  }

  /** @returns false when it was there already */
  add(cluster: number): boolean {
    const page = this.#pageOf(cluster);
    const word = (cluster % PAGE_CLUSTERS) >>> 5;
    const bits = page[word] ?? 0;
    const bit = 1 << (cluster % WORD_BITS);
    if ((bits & bit) !== 0) return false;
    page[word] = bits | bit;
    this.size++;
    return true;
  }

  /** The lowest cluster that was not added, or undefined when all were. */
  firstMissing(): number | undefined {
    if (this.size === this.#clusters) return undefined;
    for (let cluster = 0; ; cluster++) {
      if (!this.#has(cluster)) return cluster;
    }
  }

  #has(cluster: number): boolean {
    const page = this.#pages[Math.floor(cluster / PAGE_CLUSTERS)];
    const bits = page?.[(cluster % PAGE_CLUSTERS) >>> 5] ?? 0;
    return (bits & (1 << (cluster % WORD_BITS))) !== 0;
  }

  #pageOf(cluster: number): Uint32Array {
    const index = Math.floor(cluster / PAGE_CLUSTERS);
    let page = this.#pages[index];
    if (page === undefined) {
      page = new Uint32Array(PAGE_CLUSTERS / WORD_BITS);
      this.#pages[index] = page;
    }
    return page;
  }
}
