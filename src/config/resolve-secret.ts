import { join } from 'node:path';
import { UserError } from '../user-error.ts';
import type { SecretRef } from './site.ts';

/** The outside, as far as secrets come from there. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Rejects with Node's error codes. */
  readonly readFile: (path: string) => Promise<string>;
  /** Runs a program without a shell; never rejects for what the program does. */
  readonly runCommand: (
    argv: readonly string[],
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ) => Promise<CommandOutcome>;
}

export type CommandOutcome =
  | { readonly kind: 'ended'; readonly status: number; readonly stdout: string; readonly stderr: string }
  /** Killed by a signal that was not ours, or never started. */
  | { readonly kind: 'failed'; readonly reason: string; readonly stderr: string }
  | { readonly kind: 'timed-out'; readonly stderr: string };

export interface SecretOptions {
  /** The key that the secret stands under, for messages: `hosts.pve.conn_password`. */
  readonly key: string;
  readonly sources: SecretSources;
  /** What of a file, a credential or an output counts. A private key is `whole`. Default: `first-line`. */
  readonly extent?: 'first-line' | 'whole';
  readonly signal?: AbortSignal;
}

const COMMAND_LIMIT_MS = 30_000;

/**
 * Reads a secret from where it is.
 * @throws UserError `secret` that names the key and the source, never the value
 */
export async function resolveSecret(ref: SecretRef, options: SecretOptions): Promise<string> {
  switch (ref.kind) {
    case 'plain':
      return ref.value;
    case 'env':
      return fromEnvironment(ref.name, options);
    case 'file':
      return fromFile(ref.path, options);
    case 'credential':
      return fromCredential(ref.name, options);
    case 'command':
      return fromCommand(ref.argv, options);
  }
}

function fromEnvironment(name: string, options: SecretOptions): string {
  const value = options.sources.env[name];
  if (value !== undefined && value !== '') return value;
  const state = value === undefined ? 'not set' : 'empty';
  throw secretError(options, `the environment variable ${name} is ${state}`, {
    hint: `export ${name} first`,
  });
}

async function fromFile(path: string, options: SecretOptions): Promise<string> {
  const value = cut(await readFile(path, options), options);
  if (value === '') throw secretError(options, `${path} ${emptyText(options)}`);
  return value;
}

async function readFile(path: string, options: SecretOptions) {
  try {
    return await options.sources.readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reason = READ_FAILURES.get(code);
    if (reason === undefined) throw cause;
    throw secretError(options, `cannot read ${path}: ${reason}`, { cause });
  }
}

const READ_FAILURES: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'a part of its path is no folder'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'permission denied'],
  ['EFBIG', 'it is too large for a secret'],
]);

async function fromCredential(name: string, options: SecretOptions): Promise<string> {
  const folder = options.sources.env['CREDENTIALS_DIRECTORY'];
  if (folder === undefined || folder === '') {
    throw secretError(options, `the credential ${name} is not there: CREDENTIALS_DIRECTORY is not set`, {
      hint: `systemd sets it for units with LoadCredential=${name}:PATH`,
    });
  }
  return fromFile(join(folder, name), options);
}

async function fromCommand(argv: readonly string[], options: SecretOptions): Promise<string> {
  const shown = `the command ${describeCommand(argv)}`;
  const outcome = await options.sources.runCommand(argv, {
    timeoutMs: COMMAND_LIMIT_MS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  options.signal?.throwIfAborted();
  if (outcome.kind === 'timed-out') {
    throw secretError(
      options,
      `${shown} took longer than ${COMMAND_LIMIT_MS / 1000} s`,
      saidOn(outcome.stderr),
    );
  }
  if (outcome.kind === 'failed')
    throw secretError(options, `${shown} failed: ${outcome.reason}`, saidOn(outcome.stderr));
  if (outcome.status !== 0) {
    throw secretError(options, `${shown} failed with status ${outcome.status}`, saidOn(outcome.stderr));
  }
  const value = cut(outcome.stdout, options);
  if (value === '') throw secretError(options, `${shown} ${emptyText(options)}`, saidOn(outcome.stderr));
  return value;
}

function cut(text: string, options: SecretOptions): string {
  return options.extent === 'whole' ? text : (text.split(/\r?\n/, 1)[0] ?? '');
}

function emptyText(options: SecretOptions): string {
  return options.extent === 'whole' ? 'gives nothing' : 'gives an empty first line';
}

/** The command as the site file has it, short: its end could be long, its arguments are the user's own. */
function describeCommand(argv: readonly string[]): string {
  const [program, flag, script] = argv;
  const text = program === 'sh' && flag === '-c' ? (script ?? '') : argv.join(' ');
  return `"${text.length > 80 ? `${text.slice(0, 80)}...` : text}"`;
}

/** What the command itself said last, as the hint: it knows best why it failed. */
function saidOn(stderr: string): { readonly hint?: string } {
  const said = stderr.trim().split('\n').slice(-5).join('\n').slice(-1000);
  return said === '' ? {} : { hint: `it said: ${said}` };
}

function secretError(
  options: SecretOptions,
  what: string,
  more: { readonly hint?: string; readonly cause?: unknown } = {},
): UserError {
  return new UserError('secret', `${options.key}: ${what}`, more);
}
