import { FormatError } from '../format-error.ts';

const BASE_256 = 0x80;
const NEGATIVE = 0x40;

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

function octal(field: Uint8Array): number {
  const text = String.fromCharCode(...field).replace(/^ +/, '');
  const digits = /^([0-7]*)(?:[ \0]|$)/.exec(text)?.[1];
  if (digits === undefined) return Number.NaN;
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function base256(field: Uint8Array): number {
  const first = field[0] ?? 0;
  const start = (first & NEGATIVE) === 0 ? first & (NEGATIVE - 1) : (first & (NEGATIVE - 1)) - NEGATIVE;
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, start);
}
