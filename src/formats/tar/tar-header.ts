import { FormatError } from '../format-error.ts';
import { tarNumber } from './tar-number.ts';

/**
 * A header block:
 *
 *     0  100  name              148  8    checksum         329  8    device major
 *   100  8    mode              156  1    type flag        337  8    device minor
 *   108  8    uid               157  100  link name        345  155  prefix of the name (ustar only)
 *   116  8    gid               257  8    magic, version
 *   124  12   size              265  32   user name
 *   136  12   mtime             297  32   group name
 *
 * Source: POSIX.1-2017, pax, "ustar Interchange Format"; the manual of GNU tar, "Basic Tar Format".
 */
export const TAR_BLOCK_BYTES = 512;

export interface TarHeader {
  readonly rawName: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly typeFlag: string;
  readonly linkName: Uint8Array;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** @param offset where in the stream the block begins. @throws FormatError when it is no header */
export function decodeTarHeader(block: Uint8Array, offset: number): TarHeader {
  checkSum(block, offset);
  const number = (at: number, length: number) => tarNumber(block.subarray(at, at + length), offset + at);
  const size = number(124, 12);
  if (size < 0) throw new FormatError('a member has a negative size', offset + 124);
  return {
    rawName: fullName(block),
    mode: number(100, 8),
    uid: number(108, 8),
    gid: number(116, 8),
    size,
    mtime: number(136, 12),
    typeFlag: String.fromCharCode(block[156] ?? 0),
    linkName: untilNul(block.subarray(157, 257)),
    deviceMajor: number(329, 8),
    deviceMinor: number(337, 8),
  };
}

/** A copy of the bytes before the first NUL. */
export function untilNul(field: Uint8Array): Uint8Array {
  const end = field.indexOf(0);
  return new Uint8Array(field.subarray(0, end === -1 ? field.length : end));
}

/** Bytes are unsigned for POSIX; tars that summed signed ones exist. */
function checkSum(block: Uint8Array, offset: number): void {
  const expected = tarNumber(block.subarray(148, 156), offset + 148);
  const spaces = 8 * 0x20;
  let unsigned = spaces;
  let signed = spaces;
  for (let at = 0; at < TAR_BLOCK_BYTES; at++) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] ?? 0;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  if (expected !== unsigned && expected !== signed) {
    throw new FormatError('tar header checksum is wrong', offset);
  }
}

function fullName(block: Uint8Array): Uint8Array {
  const name = untilNul(block.subarray(0, 100));
  const prefix = isUstar(block) ? untilNul(block.subarray(345, 500)) : new Uint8Array(0);
  if (prefix.length === 0) return name;
  const joined = new Uint8Array(prefix.length + 1 + name.length);
  joined.set(prefix);
  joined[prefix.length] = 0x2f;
  joined.set(name, prefix.length + 1);
  return joined;
}

/** GNU's own format has `ustar` and two spaces there, and other things where the prefix would be. */
function isUstar(block: Uint8Array): boolean {
  return String.fromCharCode(...block.subarray(257, 263)) === 'ustar\0';
}
