import type { Draws } from '../draws.ts';

/** Made by whatever would obey one of the names. */
export const CANARY = '/tmp/pvebak-obeyed';

const PIECES = [
  '\u001b[31m',
  '\u001b]0;title\u0007',
  '\u001b[2J\u001b[H',
  '\u009b31m',
  '\r',
  '\b\b\b',
  '\u202e',
  '\u200b',
  `$(touch ${CANARY})`,
  `\`touch ${CANARY}\``,
  `'; touch ${CANARY}; '`,
  `"; touch ${CANARY}; "`,
  `| touch ${CANARY} #`,
  `&& touch ${CANARY}`,
  '\\',
  "'",
  '"',
  '*',
  '~root',
  '--help',
  '%s%n',
  '\t',
] as const;

/** A name out of such pieces. @param more pieces that are possible there only, as a line break is in a file's name */
export function hostileName(draws: Draws, ...more: readonly string[]): string {
  const pieces = [...PIECES, ...more];
  const drawn = Array.from({ length: draws.between(1, 3) }, () => pieces[draws.below(pieces.length)] ?? '');
  return `n${drawn.join('x')}`;
}

/** @throws when text that was written to a terminal holds anything that one would obey */
export function expectHarmless(what: string, text: string): void {
  const found = /[^\P{C}\n]/u.exec(text);
  if (found === null) return;
  const around = text.slice(Math.max(0, found.index - 60), found.index + 40);
  throw new Error(`${what} writes a control character as it is: ${JSON.stringify(around)}`);
}
