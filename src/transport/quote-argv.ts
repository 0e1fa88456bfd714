import { UserError } from '../user-error.ts';

/**
 * Quotes an argument list for a POSIX shell: every argument in single quotes, so that nothing in it is
 * interpreted. A quote becomes `'\''`; newlines, `$()` and bytes of any script pass as they are.
 * @throws UserError `command-failed` when the list is empty or an argument contains NUL, which no argument can carry
 */
export function quoteArgv(argv: readonly string[]): string {
  checkArgv(argv);
  return argv.map((argument) => `'${argument.replaceAll("'", "'\\''")}'`).join(' ');
}

/** @throws UserError `command-failed` as `quoteArgv` does */
export function checkArgv(argv: readonly string[]): void {
  if (argv.length === 0 || argv[0] === '')
    throw new UserError('command-failed', 'there is no command to run');
  const bad = argv.find((argument) => argument.includes('\0'));
  if (bad !== undefined) {
    throw new UserError('command-failed', `an argument contains a NUL byte: ${JSON.stringify(bad)}`);
  }
}
