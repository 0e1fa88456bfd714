import { UserError } from '../user-error.ts';
import { capture } from './capture.ts';
import type { Shell } from './shell.ts';

/** Never asks: without leave for it, sudo fails at once. */
const SUDO: readonly string[] = ['sudo', '-n', '--'];
/** Needs root on no node, and is what is run there anyway. */
const HARMLESS = 'hostname';

export interface SudoOptions {
  /** Who has logged in. */
  readonly username: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A shell that runs every command as root through sudo, on the connection of another one, which is closed with it. Streams and
 * the exit status are the command's; one that is not there ends with sudo's own status, 1. sudo stays as its parent and gets
 * no signal: what ends a command, its stdin or its own wrapper, works as without.
 * @throws UserError `login-refused` when the user may not, with the lines for sudoers; the connection is closed then
 */
export async function sudoShell(shell: Shell, options: SudoOptions): Promise<Shell> {
  try {
    await tryOut(shell, options);
  } catch (error) {
    await shell[Symbol.asyncDispose]();
    throw error;
  }
  return {
    where: shell.where,
    run: (argv, running) => shell.run(argv.length === 0 ? argv : [...SUDO, ...argv], running),
    [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
  };
}

/** Once, so that the first real command need not be the one that finds out. What sudo says may be in any language. */
async function tryOut(shell: Shell, { username, signal }: SudoOptions): Promise<void> {
  const { stderr, exit } = await capture(shell, [...SUDO, HARMLESS], signal === undefined ? {} : { signal });
  if (exit.kind === 'status' && exit.status === 0) return;
  throw refusal({
    username,
    where: shell.where,
    isMissing: exit.kind === 'status' && exit.status === 127,
    stderr,
  });
}

interface Refusal {
  readonly username: string;
  readonly where: string;
  readonly isMissing: boolean;
  readonly stderr: string;
}

function refusal({ username, where, isMissing, stderr }: Refusal): UserError {
  const said = stderr.trim().split('\n').at(-1)?.trim();
  const why = isMissing ? 'sudo is not there' : said || 'sudo does not say why';
  return new UserError('login-refused', `${username} may not become root on ${where}: ${why}`, {
    hint: `as root on every node: ${isMissing ? 'apt-get install sudo, then ' : ''}visudo -f /etc/sudoers.d/pvebak with the line "${sudoersName(username)} ALL=(root) NOPASSWD: ALL"; what gives less away is in README.md, "Less than root"`,
  });
}

/** sudoers(5), "Quoting and special characters". */
function sudoersName(username: string): string {
  return /^\w[\w.-]*$/.test(username) ? username : `"${username.replaceAll(/["\\]/g, '\\$&')}"`;
}
