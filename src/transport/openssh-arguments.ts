import { hostKeyAlgorithms } from './host-key-algorithms.ts';
import type { OpensshFolder } from './openssh-folder.ts';
import {
  askedSecret,
  type OpensshAddress,
  type OpensshKnownHosts,
  type OpensshLogin,
  type OpensshShellOptions,
} from './openssh-options.ts';

export interface MasterRequest {
  readonly address: OpensshAddress;
  readonly options: OpensshShellOptions;
  /** Types of host key that were shown and not trusted, so that the server shows another. */
  readonly refusedTypes: readonly string[];
}

const aliveCountMax = 3;

/**
 * What the connection's own client is started with. Of several values ssh takes the first (ssh_config(5)), so the
 * order is the rank: what this adapter relies on, what the user adds, defaults, and last the user's configuration.
 */
export function masterArguments(request: MasterRequest, folder: OpensshFolder): string[] {
  const { address, options } = request;
  return [
    ...['-F', folder.config, '-N'],
    ...['-S', escapePercent(folder.socket)],
    ...(address.port === undefined ? [] : ['-p', `${address.port}`]),
    ...(options.username === undefined ? [] : ['-l', options.username]),
    ...(options.login.kind === 'identity' ? ['-i', escapePercent(options.login.file)] : []),
    ...[...reliedOn(request, folder), ...(options.options ?? []), ...defaults(options)].flatMap((option) => [
      '-o',
      option,
    ]),
    ...['--', address.host],
  ];
}

/**
 * What one command's client is started with. It reads no configuration, and where the connection is gone it must not
 * make one of its own: the proxy command that it would use for that fails.
 */
export function commandArguments(folder: OpensshFolder, line: string): string[] {
  const options = ['ControlMaster=no', 'ProxyCommand=false', 'LogLevel=ERROR'];
  return [
    ...['-F', '/dev/null', '-T', '-S', escapePercent(folder.socket)],
    ...options.flatMap((option) => ['-o', option]),
    ...['--', 'host', line],
  ];
}

function reliedOn({ options, refusedTypes }: MasterRequest, folder: OpensshFolder): string[] {
  return [
    'ControlMaster=yes',
    'ControlPersist=no',
    'RemoteCommand=none',
    'ForkAfterAuthentication=no',
    'PermitLocalCommand=no',
    'ForwardAgent=no',
    'ForwardX11=no',
    'Tunnel=no',
    'ClearAllForwardings=yes',
    'StrictHostKeyChecking=yes',
    'UpdateHostKeys=no',
    ...(refusedTypes.length === 0
      ? []
      : [`HostKeyAlgorithms=${hostKeyAlgorithms([], refusedTypes).join(',')}`]),
    ...knownHostsOptions(options.knownHosts, folder),
    `BatchMode=${askedSecret(options.login) === undefined ? 'yes' : 'no'}`,
    ...loginOptions(options.login),
  ];
}

function knownHostsOptions(known: OpensshKnownHosts, folder: OpensshFolder): string[] {
  if (known.kind === 'configured') return [];
  const files =
    known.kind === 'known-hosts' ? known.files.map(({ file }) => quotePath(escapePercent(file))) : [];
  return [
    `UserKnownHostsFile=${files.length === 0 ? 'none' : files.join(' ')}`,
    'GlobalKnownHostsFile=none',
    'VerifyHostKeyDNS=no',
    `KnownHostsCommand=/bin/sh ${quotePath(escapePercent(folder.knownHostsScript))} %f %H %t %K`,
  ];
}

function loginOptions(login: OpensshLogin): string[] {
  switch (login.kind) {
    case 'configured':
      return [];
    case 'agent':
      return [
        `IdentityAgent=${quotePath(escapePercent(login.socket))}`,
        'PreferredAuthentications=publickey',
      ];
    case 'identity':
      return ['IdentitiesOnly=yes', 'PreferredAuthentications=publickey', 'NumberOfPasswordPrompts=1'];
    case 'password':
      return [
        'PubkeyAuthentication=no',
        'PreferredAuthentications=password,keyboard-interactive',
        'NumberOfPasswordPrompts=1',
      ];
  }
}

function defaults({ connectTimeoutMs, keepaliveMs }: OpensshShellOptions): string[] {
  return [
    `ConnectTimeout=${seconds(connectTimeoutMs ?? defaultConnectTimeoutMs)}`,
    `ServerAliveInterval=${seconds(keepaliveMs ?? defaultKeepaliveMs)}`,
    `ServerAliveCountMax=${aliveCountMax}`,
    'LogLevel=ERROR',
  ];
}

export const defaultConnectTimeoutMs = 30_000;
const defaultKeepaliveMs = 15_000;

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

/** As a value in a configuration: ssh splits it at spaces. */
export function quotePath(path: string): string {
  return `"${path.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Where ssh expands what follows a percent sign. */
function escapePercent(path: string): string {
  return path.replaceAll('%', '%%');
}
