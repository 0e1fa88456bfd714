import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'ssh2';
import { UserError } from '../user-error.ts';
import { quoteArgv } from './quote-argv.ts';
import type { Shell } from './shell.ts';
import { startSsh2Command } from './ssh2-command.ts';
import {
  type Address,
  connectSsh2,
  formatAddress,
  type Ssh2ConnectOptions,
  Unreachable,
} from './ssh2-connect.ts';
import { jump } from './ssh2-jump.ts';
import type { Ssh2Login } from './ssh2-login.ts';

export interface Ssh2ShellOptions extends Pick<Ssh2ConnectOptions, 'verifyHostKey' | 'hostKeyTypes'> {
  /** Ways to the same host, tried in order. */
  readonly addresses: readonly Address[];
  readonly username: string;
  readonly login: Ssh2Login;
  /** For each address; default 15 s. */
  readonly connectTimeoutMs?: number;
  /** Default 15 s; a connection is given up after three unanswered packets. */
  readonly keepaliveMs?: number;
}

export interface Ssh2Shell extends Shell {
  /**
   * Opens a shell on a host that this one's host can reach, over this connection: with the other host's own key and
   * login, at the price of encrypting twice. It is lost when this shell is, and its dispose leaves this one open.
   * @throws UserError as `openSsh2Shell` does, `host-unreachable` also when this host lets no connection through
   */
  openThrough(options: Ssh2ShellOptions, ending?: { readonly signal?: AbortSignal }): Promise<Ssh2Shell>;
}

const defaultTimeoutMs = 15_000;
const goodbyeMs = 1_000;
/** Keepalives, after which `connectSsh2` gives a connection up. */
const UNANSWERED = 3;

/**
 * Opens one SSH connection that carries many commands, each on a channel of its own (sshd allows 10 at a time).
 * An abort of `signal` ends connecting; later it has no effect. An abort of a command closes its channel: the far
 * process gets end of file and a broken pipe, no signal.
 * @throws UserError `host-unreachable` naming each address with its reason; `host-key`; `login-refused`
 */
export function openSsh2Shell(
  options: Ssh2ShellOptions,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Ssh2Shell> {
  return open({ ...timed(options), signal }, formatAddress);
}

type Opening = Ssh2ShellOptions & Ssh2ConnectOptions;

function timed(options: Ssh2ShellOptions) {
  return {
    ...options,
    connectTimeoutMs: options.connectTimeoutMs ?? defaultTimeoutMs,
    keepaliveMs: options.keepaliveMs ?? defaultTimeoutMs,
  };
}

async function open(options: Opening, name: (address: Address) => string): Promise<Ssh2Shell> {
  const failures: string[] = [];
  for (const address of options.addresses) {
    try {
      return shellOver(await connectSsh2(address, options), name(address), options.keepaliveMs);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      failures.push(`${name(address)}: ${error.message}`);
    }
  }
  throw unreachable(failures);
}

function unreachable(failures: readonly string[]): UserError {
  if (failures.length === 1) return new UserError('host-unreachable', `cannot reach ${failures[0]}`);
  return new UserError(
    'host-unreachable',
    `cannot reach the host by any of its addresses\n  ${failures.join('\n  ')}`,
  );
}

/** ssh2 calls it a keepalive timeout. */
function lostBecause(error: Error & { readonly level?: string }, keepaliveMs: number): Error {
  if (error.level !== 'client-timeout') return error;
  const span = Math.round((keepaliveMs * UNANSWERED) / 1000);
  return new Error(`the wire is silent: no answer to keepalives for ${span} s`, { cause: error });
}

function shellOver(client: Client, where: string, keepaliveMs: number): Ssh2Shell {
  const connection = new AbortController();
  client.on('error', (error) => connection.abort(lostBecause(error, keepaliveMs)));
  client.on('close', () => connection.abort(new Error('the connection was closed')));
  return {
    where,
    async run(argv, { signal } = {}) {
      const line = quoteArgv(argv);
      signal?.throwIfAborted();
      return startSsh2Command(client, line, { where, connection: connection.signal, signal });
    },
    openThrough(options, { signal } = {}) {
      const opening = timed(options);
      const jumping = { from: where, timeoutMs: opening.connectTimeoutMs, signal };
      const dial = (address: Address) => jump(client, address, jumping);
      return open({ ...opening, signal, dial }, (address) => `${formatAddress(address)} through ${where}`);
    },
    async [Symbol.asyncDispose]() {
      if (connection.signal.aborted) return;
      const closed = once(connection.signal, 'abort');
      client.end();
      await Promise.race([closed, sleep(goodbyeMs, undefined, { ref: false })]);
      client.destroy();
      connection.abort(new Error('the shell was closed'));
    },
  };
}
