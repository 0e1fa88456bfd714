import { hostKeyVerifier, type KnownKeys } from './host-key.ts';
import { openLocalShell } from './local-shell.ts';
import type { OpensshShellOptions } from './openssh-options.ts';
import { openOpensshShell } from './openssh-shell.ts';
import type { Shell } from './shell.ts';
import { openSsh2Shell, type Ssh2ShellOptions } from './ssh2-shell.ts';
import { sudoShell } from './sudo-shell.ts';

/** How a shell is opened, as plain data with the secrets in it: it can be handed to another thread, and is not for files. */
export type Way =
  | { readonly kind: 'local'; readonly environment: Readonly<Record<string, string | undefined>> }
  | { readonly kind: 'ssh2'; readonly options: Ssh2WayOptions; readonly sudo?: true }
  | {
      readonly kind: 'openssh';
      readonly options: OpensshShellOptions & { readonly username: string };
      /** Who logs in becomes root by sudo. */
      readonly sudo?: true;
    };

export interface Ssh2WayOptions extends Omit<Ssh2ShellOptions, 'verifyHostKey' | 'hostKeyTypes'> {
  readonly knownKeys: KnownKeys;
}

/** @throws UserError `host-unreachable`, `host-key`, `login-refused` */
export async function openWay(way: Way, ending: { readonly signal?: AbortSignal } = {}): Promise<Shell> {
  switch (way.kind) {
    case 'local':
      return openLocalShell({ environment: way.environment });
    case 'ssh2':
      return asRoot(await openSsh2Shell(ssh2ShellOptions(way.options), ending), way, ending);
    case 'openssh':
      return asRoot(await openOpensshShell(way.options, ending), way, ending);
  }
}

/** A shell that was opened by a way, with what the way says of who runs commands there. @throws UserError `login-refused` */
export async function asRoot(
  shell: Shell,
  { sudo, options }: Exclude<Way, { kind: 'local' }>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Shell> {
  return sudo === true ? sudoShell(shell, { username: options.username, signal }) : shell;
}

export function ssh2ShellOptions({ knownKeys, ...options }: Ssh2WayOptions): Ssh2ShellOptions {
  const { verifyHostKey, hostKeyTypes } = hostKeyVerifier(knownKeys);
  return { ...options, verifyHostKey, hostKeyTypes };
}
