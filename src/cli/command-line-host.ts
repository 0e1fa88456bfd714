import { expandPath } from '../config/expand-path.ts';
import { parseLocation } from '../config/parse-location.ts';
import type { HostAccess, HostEntry, HostKeys, SshLogin } from '../config/site.ts';
import { UserError } from '../user-error.ts';
import { askSecret } from './ask-secret.ts';
import type { Surroundings } from './surroundings.ts';

/** How the command line says to log in to a host that no site file knows. */
export interface LoginOptions {
  readonly identityFile: string | undefined;
  readonly askPassphrase: boolean;
  readonly askPassword: boolean;
  readonly sudo: boolean;
  /** `SHA256:...` */
  readonly hostKey: readonly string[];
  readonly knownHosts: readonly string[];
  readonly dumpDir: string | undefined;
}

/**
 * The entry that a site file would have for `local`, or for `USER@NODE[:PORT]`: the agent logs in unless told otherwise,
 * and known_hosts files know the host. An archive that a restore leaves in the dump folder is removed: nobody has asked for it.
 * @returns undefined when the text is neither
 * @throws UserError `usage`, `secret`
 */
export async function commandLineHost(
  to: string,
  options: LoginOptions,
  surroundings: Surroundings,
): Promise<HostEntry | undefined> {
  const access = to === 'local' ? localAccess(options) : await sshAccess(to, options, surroundings);
  if (access === undefined) return undefined;
  return {
    name: to,
    id: to,
    access,
    backupMode: 'snapshot',
    backupCompression: '0',
    dumpDir: options.dumpDir ?? '/var/lib/vz/dump',
    cleanup: true,
    vzdump: { excludePath: [] },
  };
}

/** The options that are only for hosts from the command line, as the user wrote them. */
export function givenLoginOptions(options: LoginOptions): readonly string[] {
  return [
    ...(options.identityFile === undefined ? [] : ['--identity-file']),
    ...(options.askPassphrase ? ['--ask-passphrase'] : []),
    ...(options.askPassword ? ['--ask-password'] : []),
    ...(options.sudo ? ['--sudo'] : []),
    ...(options.hostKey.length > 0 ? ['--host-key'] : []),
    ...(options.knownHosts.length > 0 ? ['--known-hosts'] : []),
  ];
}

function localAccess(options: LoginOptions): HostAccess {
  const [surplus] = givenLoginOptions(options);
  if (surplus !== undefined)
    throw new UserError('usage', `${surplus}: nobody logs in to this machine itself`);
  return { kind: 'local' };
}

async function sshAccess(
  to: string,
  options: LoginOptions,
  surroundings: Surroundings,
): Promise<HostAccess | undefined> {
  const [, username, address] = /^([^@\s]+)@([^@]+)$/.exec(to) ?? [];
  const location = address === undefined ? undefined : parseLocation(`proxmox://${address}`);
  if (username === undefined || location === undefined) return undefined;
  const hostKeys = hostKeysOf(options, surroundings.home);
  return {
    kind: 'ssh',
    addresses: [location],
    username,
    ...(options.sudo ? { sudo: true } : {}),
    login: await loginOf(to, options, surroundings),
    hostKeys,
    client: { kind: 'ssh2' },
    nodes: new Map(),
    stallTimeoutMs: 5 * 60_000,
  };
}

async function loginOf(to: string, options: LoginOptions, surroundings: Surroundings): Promise<SshLogin> {
  const { identityFile, askPassphrase, askPassword } = options;
  if (askPassword && identityFile !== undefined)
    throw new UserError('usage', '--ask-password and --identity-file: only one of them can be used');
  if (askPassphrase && identityFile === undefined)
    throw new UserError('usage', '--ask-passphrase goes with --identity-file');
  if (askPassword) return { kind: 'password', password: await ask(`password of ${to}`, surroundings) };
  if (identityFile === undefined) return { kind: 'agent' };
  const key = { kind: 'file', path: pathOf('--identity-file', identityFile, surroundings.home) } as const;
  return askPassphrase
    ? { kind: 'identity', key, passphrase: await ask(`passphrase of ${identityFile}`, surroundings) }
    : { kind: 'identity', key };
}

async function ask(question: string, surroundings: Surroundings) {
  const value = await askSecret(question, 'use an agent, or a key without a passphrase', surroundings);
  return { kind: 'plain', value } as const;
}

function hostKeysOf({ hostKey, knownHosts }: LoginOptions, home: string): HostKeys {
  const wrong = hostKey.find((key) => !/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(key));
  if (wrong !== undefined)
    throw new UserError('usage', `--host-key ${wrong} is no fingerprint`, {
      hint: 'it looks like SHA256:... with 43 characters; on the node: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
    });
  if (hostKey.length > 0)
    return { kind: 'fingerprints', sha256: hostKey.map((key) => key.replace(/=$/, '')) };
  const files = knownHosts.length > 0 ? knownHosts : ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'];
  return { kind: 'known-hosts', files: files.map((file) => pathOf('--known-hosts', file, home)) };
}

function pathOf(option: string, file: string, home: string): string {
  const path = expandPath(file, { folder: '.', home });
  if (path === undefined) throw new UserError('usage', `${option} ${file} names another user's home folder`);
  return path;
}
