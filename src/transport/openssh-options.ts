import type { KnownKeys } from './host-key.ts';

export interface OpensshShellOptions {
  /** Ways to the same host, tried in order. */
  readonly addresses: readonly OpensshAddress[];
  /** By default what the client's configuration says. */
  readonly username?: string;
  readonly login: OpensshLogin;
  readonly knownHosts: OpensshKnownHosts;
  /** The environment of the client and of what it starts (ProxyCommand, Match exec); the far side gets nothing of it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Instead of ~/.ssh/config and /etc/ssh/ssh_config. */
  readonly configFile?: string;
  /** More of ssh_config(5), `Keyword=value`; stronger than the configuration, weaker than what this adapter relies on. */
  readonly options?: readonly string[];
  /** Default `ssh`, looked up in PATH. */
  readonly program?: string;
  /** For each address, from the start to the end of the login, jumps and the touch of a key included; default 30 s. */
  readonly connectTimeoutMs?: number;
  /** Rounded up to seconds, default 15 s; a connection is given up after three unanswered packets. */
  readonly keepaliveMs?: number;
  /** Where the private folder is made; default the system's. */
  readonly temporaryDirectory?: string;
}

export interface OpensshAddress {
  /** A name, an address or a Host alias of the client's configuration. */
  readonly host: string;
  /** By default what the client's configuration says. */
  readonly port?: number;
}

export type OpensshLogin =
  /** Keys, certificates, agents and hardware keys as the client's configuration has them; nothing is asked for. */
  | { readonly kind: 'configured' }
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'identity'; readonly file: string; readonly passphrase?: string }
  | { readonly kind: 'agent'; readonly socket: string };

/** Only the host itself: a jump host's key is looked up as the client's configuration says. */
export type OpensshKnownHosts =
  /** The known_hosts files of the client's configuration. */
  { readonly kind: 'configured' } | KnownKeys;

/** The secret that a login needs to be asked for. */
export function askedSecret(login: OpensshLogin): string | undefined {
  if (login.kind === 'password') return login.password;
  return login.kind === 'identity' ? login.passphrase : undefined;
}

/** `pve1`, `10.0.0.10:22`, `[fd00::1]:22` */
export function formatOpensshAddress({ host, port }: OpensshAddress): string {
  if (port === undefined) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
