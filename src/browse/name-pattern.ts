import { isUtf8 } from 'node:buffer';
import { UserError } from '../user-error.ts';

export interface PatternOptions {
  readonly ignoreCase: boolean;
}

/** A pattern for names: each part is one character, or stands for one or for any number of them. */
type PatternPart =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'any' };

/**
 * Makes a test for names, raw bytes: `*` is any number of characters and `?` is one. `\*`, `\?` and `\\` are those characters
 * themselves, and `\xe9` is a byte. A byte that belongs to no character of UTF-8 is a character by itself.
 * @throws UserError `usage` when the pattern is empty, holds a slash, or ends in the middle of an escape
 */
export function namePattern(pattern: string, { ignoreCase }: PatternOptions): (name: Uint8Array) => boolean {
  const fold = (character: string) => (ignoreCase ? character.toLowerCase() : character);
  const parts = parsePattern(pattern).map((part) =>
    part.kind === 'character' ? { ...part, character: fold(part.character) } : part,
  );
  return (name) => matches(parts, characters(name).map(fold));
}

function parsePattern(pattern: string): readonly PatternPart[] {
  if (pattern === '' || pattern.includes('/'))
    throw new UserError('usage', `"${pattern}" is no pattern for a name`, {
      hint: 'names are looked at one by one, without their folders: give passwd or *.conf',
    });
  const tokens = pattern.match(/\\x[\da-fA-F]{2}|\\[\s\S]|[\s\S]/gu) ?? [];
  return joinStretches(tokens.map(partOf));
}

/** The bytes of escapes that follow each other may be one character. */
function joinStretches(parts: readonly (PatternPart | { readonly kind: 'byte'; readonly byte: number })[]) {
  const joined: PatternPart[] = [];
  let bytes: number[] = [];
  const flush = () => {
    for (const character of characters(Uint8Array.from(bytes))) joined.push({ kind: 'character', character });
    bytes = [];
  };
  for (const part of parts) {
    if (part.kind === 'byte') {
      bytes.push(part.byte);
      continue;
    }
    flush();
    joined.push(part);
  }
  flush();
  return joined;
}

function partOf(token: string): PatternPart | { readonly kind: 'byte'; readonly byte: number } {
  if (token === '*') return { kind: 'any' };
  if (token === '?') return { kind: 'one' };
  if (token.startsWith('\\x') && token.length === 4)
    return { kind: 'byte', byte: Number.parseInt(token.slice(2), 16) };
  if (token === '\\')
    throw new UserError('usage', 'the pattern ends with a backslash', { hint: 'write two for one' });
  return { kind: 'character', character: token.startsWith('\\') ? token.slice(1) : token };
}

/** Characters of UTF-8; a byte that belongs to none becomes half of a surrogate pair, which UTF-8 never holds. */
function characters(name: Uint8Array): readonly string[] {
  if (isUtf8(name)) return [...Buffer.from(name).toString('utf8')];
  const found: string[] = [];
  for (let at = 0; at < name.length; ) {
    const length = [1, 2, 3, 4].find(
      (many) => at + many <= name.length && isUtf8(name.subarray(at, at + many)),
    );
    const bytes = Buffer.from(name.subarray(at, at + (length ?? 1)));
    found.push(length === undefined ? String.fromCharCode(0xdc00 + (bytes[0] ?? 0)) : bytes.toString('utf8'));
    at += bytes.length;
  }
  return found;
}

/** After a mismatch the last `*` takes one character more: at most length times length steps, whatever the pattern. */
function matches(parts: readonly PatternPart[], name: readonly string[]): boolean {
  let [part, at] = [0, 0];
  let retry: { readonly part: number; readonly at: number } | undefined;
  while (at < name.length) {
    const wanted = parts[part];
    if (wanted?.kind === 'any') {
      retry = { part, at };
      part += 1;
    } else if (wanted?.kind === 'one' || wanted?.character === name[at]) {
      part += 1;
      at += 1;
    } else if (retry !== undefined) {
      retry = { part: retry.part, at: retry.at + 1 };
      [part, at] = [retry.part + 1, retry.at];
    } else return false;
  }
  return parts.slice(part).every(({ kind }) => kind === 'any');
}
