import { readFile } from 'node:fs/promises';
import { nodeSecretSources } from '../config/node-secret-sources.ts';
import { resolveSecret, type SecretWarning } from '../config/resolve-secret.ts';
import type { HostAccess, HostEntry, SecretRef } from '../config/site.ts';
import { hostKeyVerifier, type KnownKeys } from '../transport/host-key.ts';
import { openLocalShell } from '../transport/local-shell.ts';
import type { OpensshLogin } from '../transport/openssh-options.ts';
import { openOpensshShell } from '../transport/openssh-shell.ts';
import type { Shell } from '../transport/shell.ts';
import type { Ssh2Login } from '../transport/ssh2-login.ts';
import { openSsh2Shell, type Ssh2ShellOptions } from '../transport/ssh2-shell.ts';
import { UserError } from '../user-error.ts';
import type { Surroundings } from './surroundings.ts';
import { toolEnvironment } from './tool-environment.ts';

export type SshAccess = Extract<HostAccess, { kind: 'ssh' }>;

/** Opens the way into a host: chooses the transport, reads the secrets it needs. */
export async function openShell(
  host: HostEntry,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Shell> {
  const { access } = host;
  if (access.kind === 'local') return openLocalShell({ environment: toolEnvironment(surroundings.env) });
  return openSsh(host, access, surroundings, signal);
}

/** Opens a way by SSH with the client that the host entry names. `access` may be that of one node of the cluster. */
export async function openSsh(
  host: HostEntry,
  access: SshAccess,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Shell> {
  if (access.client?.kind !== 'openssh')
    return openSsh2Shell(await sshOptions(host, access, surroundings), { signal });
  return openOpensshShell(
    {
      addresses: access.addresses,
      username: access.username,
      login: opensshLogin(host, await resolveLogin(host, access, surroundings)),
      knownHosts: await knownKeys(host, access),
      environment: toolEnvironment(surroundings.env),
      options: access.client.options,
      keepaliveMs: keepaliveFor(access),
    },
    { signal },
  );
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

/** How a host entry, or a node of its cluster, is logged in to: secrets read, host keys at hand. */
export async function sshOptions(
  host: HostEntry,
  access: SshAccess,
  surroundings: Surroundings,
): Promise<Ssh2ShellOptions> {
  const login = await resolveLogin(host, access, surroundings);
  const { verifyHostKey, hostKeyTypes } = hostKeyVerifier(await knownKeys(host, access));
  const { addresses, username } = access;
  return { addresses, username, login, verifyHostKey, hostKeyTypes, keepaliveMs: keepaliveFor(access) };
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

/** Reads a secret; a file that everybody can read is warned about on stderr. */
export async function readSecret(
  ref: SecretRef,
  key: string,
  surroundings: Surroundings,
  extent: 'first-line' | 'whole' = 'first-line',
): Promise<string> {
  const { value, warnings } = await resolveSecret(ref, {
    key,
    sources: nodeSecretSources(surroundings.env),
    extent,
    signal: surroundings.signal,
  });
  for (const warning of warnings) warn(warning, surroundings);
  return value;
}

const warned = new Set<string>();

function warn({ key, path }: SecretWarning, { stderr }: Surroundings): void {
  if (warned.has(path)) return;
  warned.add(path);
  stderr.write(`warning: ${path} (${key}) can be read by every user of this machine: chmod 600 it\n`);
}

async function knownKeys(host: HostEntry, { hostKeys }: SshAccess): Promise<KnownKeys> {
  if (hostKeys.kind === 'fingerprints')
    return { kind: 'fingerprints', sha256: hostKeys.sha256, where: `hosts.${host.name}.host_key` };
  const files = await Promise.all(
    hostKeys.files.map(async (file) => ({ file, text: await readFile(file, 'utf8').catch(() => '') })),
  );
  return { kind: 'known-hosts', files };
}
