/**
 * Names in restic's trees are raw bytes, quoted as Go's `strconv.Quote` does, without the quotes around
 * (restic's `node.go`: names are marshalled through strconv.Quote). Bytes that are no UTF-8 become `\xNN`,
 * so that any file name survives.
 */

const ESCAPES = new Map<number, string>([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x0b, '\\v'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);
const UNESCAPES = new Map([...ESCAPES].map(([code, text]) => [text.slice(1), code]));

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

export function goQuote(name: Uint8Array): string {
  if (isPlainAscii(name)) return Buffer.from(name).toString('latin1');
  let quoted = '';
  for (let at = 0; at < name.length; ) {
    const rune = decodeRune(name, at);
    quoted += rune === undefined ? `\\x${hex(name[at] ?? 0, 2)}` : quoteRune(rune.code);
    at += rune?.size ?? 1;
  }
  return quoted;
}

/** @throws RangeError when `text` is not what `strconv.Quote` could have made */
export function goUnquote(text: string): Uint8Array {
  if (!text.includes('\\')) return Buffer.from(text, 'utf8');
  const parts: Uint8Array[] = [];
  const pattern =
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-3][0-7]{2})|([abfnrtv"'\\]))|[^\\]+/gy;
  let end = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    parts.push(unquotePart(match));
    end = pattern.lastIndex;
  }
  if (end !== text.length) throw new RangeError('a name is quoted wrongly');
  return Buffer.concat(parts);
}

function unquotePart(match: RegExpExecArray): Uint8Array {
  const [whole, byte, short, long, octal, letter] = match;
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
  if (octal !== undefined) return Uint8Array.of(Number.parseInt(octal, 8));
  const rune = short ?? long;
  if (rune !== undefined) return Buffer.from(codePoint(Number.parseInt(rune, 16)), 'utf8');
  if (letter !== undefined) return Uint8Array.of(letter === "'" ? 0x27 : (UNESCAPES.get(letter) ?? 0));
  return Buffer.from(whole, 'utf8');
}

function codePoint(code: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new RangeError('a name is quoted wrongly');
  return String.fromCodePoint(code);
}

function isPlainAscii(name: Uint8Array): boolean {
  return name.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c);
}

function quoteRune(code: number): string {
  const letter = ESCAPES.get(code);
  if (letter !== undefined) return letter;
  const text = String.fromCodePoint(code);
  if (PRINTABLE.test(text)) return text;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

/** One UTF-8 sequence as Go decodes it: shortest form only, no surrogates; undefined for a bad byte. */
function decodeRune(bytes: Uint8Array, at: number): { code: number; size: number } | undefined {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { code: first, size: 1 };
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + size > bytes.length) return undefined;
  let code = first & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) {
    const next = bytes[at + i] ?? 0;
    if ((next & 0xc0) !== 0x80) return undefined;
    code = (code << 6) | (next & 0x3f);
  }
  const smallest = [0, 0, 0x80, 0x800, 0x10000][size] ?? 0;
  return code < smallest || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)
    ? undefined
    : { code, size };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
