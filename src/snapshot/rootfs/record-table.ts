const SEGMENT_RECORDS = 1 << 14;

/** Records of one length, packed: millions of them take no more memory than their bytes. */
export class RecordTable {
  readonly #recordBytes: number;
  readonly #segments: DataView[] = [];
  #length = 0;

  constructor(recordBytes: number) {
    this.#recordBytes = recordBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#segments.length * SEGMENT_RECORDS * this.#recordBytes;
  }

  /** Adds a record of zeros. @returns its number */
  add(): number {
    if (this.#length % SEGMENT_RECORDS === 0)
      this.#segments.push(new DataView(new ArrayBuffer(SEGMENT_RECORDS * this.#recordBytes)));
    return this.#length++;
  }

  /** What holds a record's bytes, from `offset` on: so that reading a field makes no object. */
  segment(record: number): DataView {
    const segment = this.#segments[Math.floor(record / SEGMENT_RECORDS)];
    if (segment === undefined || record >= this.#length) throw new Error(`there is no record ${record}`);
    return segment;
  }

  offset(record: number): number {
    return (record % SEGMENT_RECORDS) * this.#recordBytes;
  }
}
