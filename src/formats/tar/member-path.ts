import { FormatError } from '../format-error.ts';

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * The parts of a member's name, or of the name that a hard link leads to; none for the root. Empty parts and `.` say
 * nothing.
 * @param offset where in the stream it stands
 * @throws FormatError when it is absolute, or holds `..` or a zero byte
 */
export function memberPath(rawName: Uint8Array, offset: number): readonly Uint8Array[] {
  if (rawName[0] === SLASH) throw refused(rawName, 'is absolute', offset);
  if (rawName.includes(0)) throw refused(rawName, 'holds a zero byte', offset);
  const parts: Uint8Array[] = [];
  for (let start = 0; start < rawName.length; ) {
    const slash = rawName.indexOf(SLASH, start);
    const end = slash === -1 ? rawName.length : slash;
    const part = rawName.subarray(start, end);
    if (isDots(part, 2)) throw refused(rawName, 'leads out of its folder', offset);
    if (part.length > 0 && !isDots(part, 1)) parts.push(part);
    start = end + 1;
  }
  return parts;
}

function isDots(part: Uint8Array, dots: number): boolean {
  return part.length === dots && part.every((byte) => byte === DOT);
}

function refused(rawName: Uint8Array, why: string, offset: number): FormatError {
  return new FormatError(`the name ${JSON.stringify(new TextDecoder().decode(rawName))} ${why}`, offset);
}
