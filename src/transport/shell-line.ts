import { quoteArgv } from './quote-argv.ts';

/** A command as a line to be read and typed: quoted for a POSIX shell, but only what needs it. */
export function shellLine(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quoteArgv([word]))).join(' ');
}
