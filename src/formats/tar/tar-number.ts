import { FormatError } from '../format-error.ts';

const BASE_256 = 0x80;
const NEGATIVE = 0x40;
const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;

/**
 * A numeric header field: octal digits, spaces before and a space or NUL after them; or, when the top bit is set, a
 * big-endian two's complement number in the remaining bits (GNU). An empty field is 0.
 * @param at where in the stream the field is. @throws FormatError
 */
export function tarNumber(field: Uint8Array, at: number): number {
  const value = ((field[0] ?? 0) & BASE_256) !== 0 ? base256(field) : octal(field);
  if (!Number.isSafeInteger(value)) throw new FormatError('a number in a tar header is wrong', at);
  return value;
}

/** Byte by byte: an archive of a million files has ten million of these. */
function octal(field: Uint8Array): number {
  let at = 0;
  while (field[at] === SPACE) at += 1;
  let value = 0;
  for (let byte = field[at] ?? 0; byte >= ZERO && byte <= SEVEN; byte = field[at] ?? 0) {
    value = value * 8 + byte - ZERO;
    at += 1;
  }
  const after = field[at] ?? 0;
  return after === 0 || after === SPACE ? value : Number.NaN;
}

function base256(field: Uint8Array): number {
  const first = field[0] ?? 0;
  const start = (first & NEGATIVE) === 0 ? first & (NEGATIVE - 1) : (first & (NEGATIVE - 1)) - NEGATIVE;
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, start);
}
