import { FormatError } from '../format-error.ts';
import type { TarTime } from './tar-member.ts';

/** A decimal number. @throws FormatError */
export function paxNumber(value: Uint8Array, at: number): number {
  const text = String.fromCharCode(...value.subarray(0, 32));
  const number = Number(text);
  if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new FormatError(`an extended header says ${JSON.stringify(text)} where a number should be`, at);
  }
  return number;
}

/** Seconds with any number of decimals; what is below a nanosecond is cut off towards the past. @throws FormatError */
export function paxTime(value: Uint8Array, at: number): TarTime {
  const text = String.fromCharCode(...value.subarray(0, 64));
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) {
    throw new FormatError(`an extended header says ${JSON.stringify(text)} where a time should be`, at);
  }
  const [, sign, whole = '', decimals = ''] = match;
  const seconds = Number(whole);
  const nanoseconds = Number(decimals.padEnd(9, '0').slice(0, 9));
  if (sign === '') return { seconds, nanoseconds };
  const below = nanoseconds + (/[1-9]/.test(decimals.slice(9)) ? 1 : 0);
  return below === 0
    ? { seconds: 0 - seconds, nanoseconds: 0 }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - below };
}
