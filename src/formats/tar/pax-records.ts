import { FormatError } from '../format-error.ts';

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;
const MAX_LENGTH_DIGITS = 7;

/**
 * The records of an extended header: `LENGTH KEY=VALUE\n` each, the length being that of the whole record in decimal.
 * Values may hold any byte. Of records with one key the last counts.
 * @param at where in the stream they begin. @throws FormatError
 */
export function parsePaxRecords(bytes: Uint8Array, at: number): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  for (let start = 0; start < bytes.length; ) {
    const space = bytes.subarray(0, start + MAX_LENGTH_DIGITS + 1).indexOf(SPACE, start);
    const length = decimal(bytes.subarray(start, space));
    const record = bytes.subarray(start, start + length);
    const equals = record.indexOf(EQUALS);
    const key = space - start + 1;
    if (space === -1 || record.length !== length || record.at(-1) !== NEWLINE || equals <= key) {
      throw new FormatError('an extended header is malformed', at + start);
    }
    records.set(
      new TextDecoder().decode(record.subarray(key, equals)),
      new Uint8Array(record.subarray(equals + 1, -1)),
    );
    start += length;
  }
  return records;
}

function decimal(digits: Uint8Array): number {
  if (digits.length === 0) return Number.NaN;
  return digits.reduce(
    (sum, byte) => (byte >= ZERO && byte <= NINE ? sum * 10 + byte - ZERO : Number.NaN),
    0,
  );
}
