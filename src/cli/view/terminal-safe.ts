/**
 * Controls (C0, C1, delete), what changes the direction of text, what has no width, separators of lines, and
 * halves of surrogate pairs.
 */
const UNSAFE =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/**
 * Makes text from outside safe to print: names of guests, messages of nodes. Without it a guest's name could
 * move the cursor, hide itself, or show other words than the ones that are there. Escapes look like `\u{1b}`.
 */
export function terminalSafe(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
