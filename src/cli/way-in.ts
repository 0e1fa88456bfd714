import { readFile } from 'node:fs/promises';
import { nodeSecretSources } from '../config/node-secret-sources.ts';
import { resolveSecret } from '../config/resolve-secret.ts';
import type { HostAccess, HostEntry, SecretRef } from '../config/site.ts';
import type { KnownKeys } from '../transport/host-key.ts';
import type { OpensshLogin } from '../transport/openssh-options.ts';
import type { Shell } from '../transport/shell.ts';
import type { Ssh2Login } from '../transport/ssh2-login.ts';
import { openWay, type Way } from '../transport/way.ts';
import { UserError } from '../user-error.ts';
import type { Surroundings } from './surroundings.ts';
import { toolEnvironment } from './tool-environment.ts';
import { warnOfReaders } from './warn-of-readers.ts';

export type SshAccess = Extract<HostAccess, { kind: 'ssh' }>;

/** Opens the way into a host. @throws UserError `secret`, `host-unreachable`, `host-key`, `login-refused` */
export async function openShell(
  host: HostEntry,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Shell> {
  return openWay(await wayIn(host, surroundings), { signal });
}

/** The way into a host: chooses the transport, reads the secrets it needs. @throws UserError `secret` */
export async function wayIn(host: HostEntry, surroundings: Surroundings): Promise<Way> {
  const { access } = host;
  if (access.kind === 'local') return { kind: 'local', environment: toolEnvironment(surroundings.env) };
  return sshWay(host, access, surroundings);
}

/** A way by SSH with the client that the host entry names. `access` may be that of one node of the cluster. */
export async function sshWay(host: HostEntry, access: SshAccess, surroundings: Surroundings): Promise<Way> {
  const login = await resolveLogin(host, access, surroundings);
  const keys = await knownKeys(host, access);
  const { addresses, username } = access;
  const common = { addresses, username, keepaliveMs: keepaliveFor(access) };
  const sudo = access.sudo === true ? ({ sudo: true } as const) : {};
  if (access.client?.kind !== 'openssh')
    return { kind: 'ssh2', options: { ...common, login, knownKeys: keys }, ...sudo };
  const environment = toolEnvironment(surroundings.env);
  const { options } = access.client;
  return {
    kind: 'openssh',
    options: { ...common, login: opensshLogin(host, login), knownHosts: keys, environment, options },
    ...sudo,
  };
}

/** The system's client reads keys from files only. */
function opensshLogin(host: HostEntry, login: Ssh2Login): OpensshLogin {
  if (login.kind !== 'identity') return login;
  const { file, passphrase } = login;
  if (file === undefined) {
    throw new UserError('secret', `hosts.${host.name}: conn_client openssh needs conn_identity_file`, {
      hint: 'write the key to a file of its own (0600), or leave conn_client out',
    });
  }
  return { kind: 'identity', file, ...(passphrase !== undefined && { passphrase }) };
}

/** A connection is lost after three unanswered packets: within the stall timeout where that is below 45 s. */
function keepaliveFor({ stallTimeoutMs }: SshAccess): number {
  return Math.min(KEEPALIVE_MS, (stallTimeoutMs ?? Number.POSITIVE_INFINITY) / 3);
}

const KEEPALIVE_MS = 15_000;

async function resolveLogin(
  host: HostEntry,
  access: SshAccess,
  surroundings: Surroundings,
): Promise<Ssh2Login> {
  const key = (name: string) => `hosts.${host.name}.${name}`;
  switch (access.login.kind) {
    case 'password':
      return {
        kind: 'password',
        password: await readSecret(access.login.password, key('conn_password'), surroundings),
      };
    case 'identity':
      return identityLogin(access.login, key, surroundings);
    case 'agent': {
      const socket = access.login.socket ?? surroundings.env['SSH_AUTH_SOCK'];
      if (socket === undefined)
        throw new UserError('secret', `${key('conn_method')} is agent, and no agent is there`, {
          hint: 'start ssh-agent so that SSH_AUTH_SOCK is set, or set conn_agent',
        });
      return { kind: 'agent', socket };
    }
  }
}

async function identityLogin(
  login: Extract<SshAccess['login'], { kind: 'identity' }>,
  key: (name: string) => string,
  surroundings: Surroundings,
): Promise<Ssh2Login> {
  const { passphrase } = login;
  return {
    kind: 'identity',
    key: await readSecret(
      login.key,
      key(login.key.kind === 'file' ? 'conn_identity_file' : 'conn_identity_key'),
      surroundings,
      'whole',
    ),
    ...(login.key.kind === 'file' && { file: login.key.path }),
    ...(passphrase !== undefined && {
      passphrase: await readSecret(passphrase, key('conn_passphrase'), surroundings),
    }),
  };
}

/** Reads a secret; a file that others can read is warned about on stderr. */
export async function readSecret(
  ref: SecretRef,
  key: string,
  surroundings: Surroundings,
  extent: 'first-line' | 'whole' = 'first-line',
): Promise<string> {
  const { env, signal } = surroundings;
  const value = await resolveSecret(ref, { key, sources: nodeSecretSources(env), extent, signal });
  if (ref.kind === 'file') await warnOfReaders([{ key, path: ref.path }], surroundings);
  return value;
}

/** A host of the command line is named by how it is logged in to, which no entry of a site file can be. */
function whereKeyStands({ name }: HostEntry): string {
  return name.includes('@') ? '--host-key' : `hosts.${name}.host_key`;
}

async function knownKeys(host: HostEntry, { hostKeys }: SshAccess): Promise<KnownKeys> {
  if (hostKeys.kind === 'fingerprints')
    return { kind: 'fingerprints', sha256: hostKeys.sha256, where: whereKeyStands(host) };
  const files = await Promise.all(
    hostKeys.files.map(async (file) => ({ file, text: await readFile(file, 'utf8').catch(() => '') })),
  );
  return { kind: 'known-hosts', files };
}
