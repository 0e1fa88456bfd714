/**
 * What a client sends while it haggles (`doc/proto.md`, "Option types"). Names are UTF-8.
 *
 *     INFO, GO:                 length of name u32, name, count u16, count x (information type u16)
 *     LIST/SET_META_CONTEXT:    length of name u32, name, count u32, count x (length u32, query)
 */

export interface ExportQuestion {
  readonly exportName: string;
  /** Types of information that are asked for. */
  readonly wanted: readonly number[];
}

export interface ContextQuestion {
  readonly exportName: string;
  /** `base:allocation` */
  readonly queries: readonly string[];
}

/** Undefined when lengths and counts are not those of the data. */
export function parseExportQuestion(data: Uint8Array): ExportQuestion | undefined {
  return parseAll(data, (fields) => ({
    exportName: fields.text(),
    wanted: fields.list(fields.number(2), () => fields.number(2)),
  }));
}

/** Undefined when lengths and counts are not those of the data. */
export function parseContextQuestion(data: Uint8Array): ContextQuestion | undefined {
  return parseAll(data, (fields) => ({
    exportName: fields.text(),
    queries: fields.list(fields.number(4), () => fields.text()),
  }));
}

function parseAll<T>(data: Uint8Array, parse: (fields: Fields) => T): T | undefined {
  const fields = new Fields(data);
  try {
    const parsed = parse(fields);
    return fields.isAtEnd ? parsed : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Reads one field after the other. @throws RangeError behind the end of the data */
class Fields {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#data.length;
  }

  number(bytes: 2 | 4): number {
    const value = this.#data.readUIntBE(this.#at, bytes);
    this.#at += bytes;
    return value;
  }

  text(): string {
    const length = this.number(4);
    if (this.#at + length > this.#data.length) throw new RangeError('a text behind the end');
    this.#at += length;
    return this.#data.toString('utf8', this.#at - length, this.#at);
  }

  /** The data ends before a count that is too large does. */
  list<T>(count: number, next: () => T): readonly T[] {
    const items: T[] = [];
    for (let nth = 0; nth < count; nth++) items.push(next());
    return items;
  }
}
