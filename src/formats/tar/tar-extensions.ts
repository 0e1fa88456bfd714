import { FormatError } from '../format-error.ts';
import { parsePaxRecords } from './pax-records.ts';
import { type TarHeader, untilNul } from './tar-header.ts';

const MAX_RECORDS_BYTES = 1024 * 1024;
const MAX_GLOBAL_RECORDS = 4096;

/** Room for a path of 4096 characters outside ASCII. */
export const MAX_NAME_BYTES = 2 * 4096;

/** What was said about a member before its own header. */
export interface MemberExtensions {
  readonly records: ReadonlyMap<string, Uint8Array>;
  readonly longName: Uint8Array | undefined;
  readonly longLink: Uint8Array | undefined;
}

/**
 * Collects the headers that describe the member after them: pax records for one member (`x`) or for all that follow
 * (`g`), GNU's long names (`L`) and long link names (`K`).
 */
export class TarExtensions {
  readonly #global = new Map<string, Uint8Array>();
  #records: ReadonlyMap<string, Uint8Array> = new Map();
  #longName: Uint8Array | undefined;
  #longLink: Uint8Array | undefined;
  /** True when something waits for its member. */
  pending = false;

  /** @returns whether the header is one; its data is then read and given to `add`. @throws FormatError when too long */
  accepts({ typeFlag, size }: TarHeader, offset: number): boolean {
    if (!'xgLK'.includes(typeFlag)) return false;
    const limit = 'xg'.includes(typeFlag) ? MAX_RECORDS_BYTES : MAX_NAME_BYTES;
    if (size > limit) {
      throw new FormatError(`an extended header of ${size} bytes is too long`, offset);
    }
    return true;
  }

  /** @param at where in the stream the data begins. @throws FormatError when it is malformed */
  add({ typeFlag }: TarHeader, data: Uint8Array, at: number): void {
    if (typeFlag === 'g') this.#addGlobal(parsePaxRecords(data, at), at);
    else if (typeFlag === 'x') this.#records = parsePaxRecords(data, at);
    else if (typeFlag === 'L') this.#longName = untilNul(data);
    else this.#longLink = untilNul(data);
    this.pending ||= typeFlag !== 'g';
  }

  /** What holds for the member whose header comes now. */
  take(): MemberExtensions {
    const taken = {
      records: this.#global.size === 0 ? this.#records : new Map([...this.#global, ...this.#records]),
      longName: this.#longName,
      longLink: this.#longLink,
    };
    this.#records = new Map();
    this.#longName = undefined;
    this.#longLink = undefined;
    this.pending = false;
    return taken;
  }

  #addGlobal(records: ReadonlyMap<string, Uint8Array>, at: number): void {
    for (const [key, value] of records) this.#global.set(key, value);
    if (this.#global.size > MAX_GLOBAL_RECORDS) {
      throw new FormatError('there are too many global records', at);
    }
  }
}
