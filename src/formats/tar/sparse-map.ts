import { FormatError } from '../format-error.ts';
import type { TarLayout, TarRegion } from './tar-member.ts';

const NEWLINE = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;
const MAX_REGIONS = 1_000_000;

/**
 * The map at the front of the data of a sparse file, GNU format 1.0: decimal numbers, each ended by a newline: how many
 * regions, then offset and length of each; filled up to whole blocks. Taken block by block, as it may be large.
 * Source: the manual of GNU tar, "Storing Sparse Files, PAX Format, Version 1.0".
 */
export class SparseMap {
  readonly #regions: TarRegion[] = [];
  #count: number | undefined;
  #offset: number | undefined;
  #number: number | undefined;

  /** @param at where in the stream the block is. @returns true when the map is complete. @throws FormatError */
  addBlock(block: Uint8Array, at: number): boolean {
    for (let index = 0; index < block.length; index++) {
      const byte = block[index] ?? 0;
      if (byte === NEWLINE && this.#number !== undefined) this.#take(this.#number, at + index);
      else if (byte >= ZERO && byte <= NINE) this.#addDigit(byte - ZERO, at + index);
      else throw new FormatError('a sparse map is malformed', at + index);
      if (this.#regions.length === this.#count) return true;
    }
    return false;
  }

  /** The regions, if they fit a file of that size and fill the stored bytes. */
  layout(realSize: number, stored: number): TarLayout {
    let end = 0;
    let sum = 0;
    for (const { offset, length } of this.#regions) {
      if (offset < end) return unknown('its regions overlap');
      end = offset + length;
      sum += length;
    }
    if (end > realSize) return unknown('its regions reach beyond its end');
    if (sum !== stored) return unknown(`its regions have ${sum} bytes, but ${stored} are stored`);
    return { kind: 'sparse', regions: this.#regions.filter(({ length }) => length > 0) };
  }

  #addDigit(digit: number, at: number): void {
    this.#number = (this.#number ?? 0) * 10 + digit;
    if (!Number.isSafeInteger(this.#number)) throw new FormatError('a sparse map is malformed', at);
  }

  #take(number: number, at: number): void {
    this.#number = undefined;
    if (this.#count === undefined) {
      if (number > MAX_REGIONS) throw new FormatError(`a sparse map has ${number} regions`, at);
      this.#count = number;
    } else if (this.#offset === undefined) {
      this.#offset = number;
    } else {
      this.#regions.push({ offset: this.#offset, length: number });
      this.#offset = undefined;
    }
  }
}

function unknown(reason: string): TarLayout {
  return { kind: 'unknown', reason };
}
