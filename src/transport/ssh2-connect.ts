import type { Duplex } from 'node:stream';
import ssh2, { type Client } from 'ssh2';
import { UserError } from '../user-error.ts';
import type { HostKeyVerdict, HostKeyVerifier } from './host-key.ts';
import { hostKeyAlgorithms } from './host-key-algorithms.ts';
import { hostKeyError } from './host-key-error.ts';
import { prepareKeys } from './prepare-keys.ts';
import { type LoginAttempt, loginAttempt, type Ssh2Login } from './ssh2-login.ts';

export interface Ssh2ConnectOptions {
  readonly verifyHostKey: (host: string, port: number, key: Buffer) => HostKeyVerdict;
  readonly hostKeyTypes?: HostKeyVerifier['hostKeyTypes'];
  readonly username: string;
  readonly login: Ssh2Login;
  /** From the first packet to the end of the login. */
  readonly connectTimeoutMs: number;
  /** A packet this often; the third unanswered one ends the connection. */
  readonly keepaliveMs: number;
  readonly signal: AbortSignal | undefined;
  /** Makes the stream to speak over, once for each attempt; by default a TCP connection of this machine's. */
  readonly dial?: (address: Address) => Promise<Duplex>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Why one address gave no connection, where another address may still do. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/**
 * Connects and logs in. A server may have several host keys and shows one: when that one is not trusted, it is asked
 * for its others before the first verdict is reported.
 * @throws Unreachable; UserError `host-key` or `login-refused`, which no other address would mend
 */
export async function connectSsh2(address: Address, options: Ssh2ConnectOptions): Promise<Client> {
  let first: UserError | undefined;
  const refusedTypes: string[] = [];
  for (;;) {
    const outcome = await attempt(address, options, refusedTypes);
    if (outcome.kind === 'connected') return outcome.client;
    if (outcome.kind === 'failed') throw first ?? outcome.error;
    first ??= hostKeyError(formatAddress(address), outcome.verdict);
    if (outcome.verdict.kind === 'revoked' || refusedTypes.includes(outcome.verdict.type)) throw first;
    refusedTypes.push(outcome.verdict.type);
    if (hostKeyAlgorithms([], refusedTypes).length === 0) throw first;
  }
}

/** `10.0.0.10:22`, `[fd00::1]:22` */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

type Untrusted = Exclude<HostKeyVerdict, { kind: 'trusted' }>;
type Outcome =
  | { readonly kind: 'connected'; readonly client: Client }
  | { readonly kind: 'untrusted'; readonly verdict: Untrusted }
  | { readonly kind: 'failed'; readonly error: Error };

async function attempt(
  address: Address,
  options: Ssh2ConnectOptions,
  refusedTypes: readonly string[],
): Promise<Outcome> {
  const { signal } = options;
  signal?.throwIfAborted();
  const login = loginAttempt(options.username, options.login);
  const sock = await options.dial?.(address);
  const client = new ssh2.Client();
  prepareKeys(client);
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const onAbort = () => resolve({ kind: 'failed', error: asError(signal?.reason) });
  signal?.addEventListener('abort', onAbort, { once: true });
  const judge = hostKeyJudge(address, options);
  watch(client, { address, options, login, judge, resolve });
  client.connect({
    ...connectConfig(address, options),
    ...(sock !== undefined && { sock }),
    algorithms: {
      cipher: { prepend: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'], append: [], remove: [] },
      serverHostKey: hostKeyAlgorithms(
        options.hostKeyTypes?.(address.host, address.port) ?? [],
        refusedTypes,
      ),
    },
    hostVerifier: judge.accepts,
    // What it returns is the next method, or false for no more; ssh2's types know only its older way.
    authHandler: (methodsLeft) => login.next(methodsLeft),
  });
  // Without it the small packets that open the window wait for delayed acknowledgements: 66 instead of 300 MiB/s.
  client.setNoDelay(true);
  const outcome = await promise;
  signal?.removeEventListener('abort', onAbort);
  if (outcome.kind !== 'connected') client.destroy();
  return outcome;
}

function connectConfig(address: Address, options: Ssh2ConnectOptions): ssh2.ConnectConfig {
  return {
    host: address.host,
    port: address.port,
    username: options.username,
    readyTimeout: options.connectTimeoutMs,
    keepaliveInterval: options.keepaliveMs,
    keepaliveCountMax: 3,
  };
}

interface HostKeyJudge {
  readonly accepts: (key: Buffer) => boolean;
  readonly untrusted: () => Untrusted | undefined;
}

function hostKeyJudge({ host, port }: Address, options: Ssh2ConnectOptions): HostKeyJudge {
  let untrusted: Untrusted | undefined;
  return {
    untrusted: () => untrusted,
    accepts: (key) => {
      const verdict = options.verifyHostKey(host, port, key);
      untrusted = verdict.kind === 'trusted' ? undefined : verdict;
      return untrusted === undefined;
    },
  };
}

interface Attempt {
  readonly address: Address;
  readonly options: Ssh2ConnectOptions;
  readonly login: LoginAttempt;
  readonly judge: HostKeyJudge;
  readonly resolve: (outcome: Outcome) => void;
}

/** Its error listener stays: a connection that was given up may still have something to complain about. */
function watch(client: Client, { address, options, login, judge, resolve }: Attempt): void {
  let agentError: string | undefined;
  const failed = (error: Error) => resolve({ kind: 'failed', error });
  client.on('ready', () => resolve({ kind: 'connected', client }));
  client.on('close', () => failed(new Unreachable('the server closed the connection')));
  client.on('error', (error: Ssh2Error) => {
    const verdict = judge.untrusted();
    if (error.level === 'agent') agentError = error.message;
    else if (verdict !== undefined) resolve({ kind: 'untrusted', verdict });
    else if (error.level === 'client-authentication')
      failed(refused(address, options, { login, agentError }));
    else failed(new Unreachable(reasonOf(error, options.connectTimeoutMs), { cause: error }));
  });
}

interface Ssh2Error extends Error {
  readonly level?: string;
  readonly code?: string;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function refused(
  address: Address,
  options: Ssh2ConnectOptions,
  { login, agentError }: { readonly login: LoginAttempt; readonly agentError: string | undefined },
): UserError {
  const where = formatAddress(address);
  const accepts = login.accepted.length === 0 ? '' : `; the server takes ${login.accepted.join(', ')}`;
  const agent = agentError === undefined ? '' : `; the agent cannot be used: ${agentError}`;
  const tried = login.tried.length === 0 ? 'nothing' : login.tried.join(', then ');
  return new UserError(
    'login-refused',
    `${where} refused the login of ${options.username}: tried ${tried}${accepts}${agent}`,
    { hint: loginHint(options) },
  );
}

function loginHint({ username, login }: Ssh2ConnectOptions): string {
  switch (login.kind) {
    case 'password':
      return `Check conn_password, and whether the server lets ${username} in by password (PermitRootLogin, PasswordAuthentication).`;
    case 'identity':
      return `Check that the public half of the key is in ${username}'s authorized_keys there.`;
    case 'agent':
      return `Check with ssh-add -l that the agent at ${login.socket} holds a key that ${username} may use there.`;
  }
}

function reasonOf(error: Ssh2Error, timeoutMs: number): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route to it';
    case 'ETIMEDOUT':
      return 'timed out';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name is not known to the DNS';
    case 'ECONNRESET':
      return 'the connection was reset';
    default:
      return error.level === 'client-timeout' ? `no answer within ${timeoutMs / 1000} s` : error.message;
  }
}
