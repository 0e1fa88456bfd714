import { goQuote, goUnquote } from '../repository/go-quote.ts';

/**
 * The raw bytes of a name or path as text that is safe to print and can be typed again: what is no UTF-8 or cannot be seen
 * is escaped as in Go (`\xe9`, `\n`, `\u202e`), and a backslash is two.
 */
export function nameText(bytes: Uint8Array): string {
  return goQuote(bytes).replaceAll('\\"', '"');
}

/** What `nameText` gave as bytes; undefined when it holds no backslash, or what follows one is no escape. */
export function unescapedName(text: string): Uint8Array | undefined {
  if (!text.includes('\\')) return undefined;
  try {
    return goUnquote(text);
  } catch {
    return undefined;
  }
}
