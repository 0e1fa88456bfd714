import type { HostEntry, SecretRef, SshLogin } from '../config/site.ts';
import { guestCommand, qmrestoreCommand } from '../pve/commands.ts';
import { formatGuestRef, type GuestRef } from '../pve/guest.ts';
import type { GuestConfig } from '../pve/guest-config.ts';
import { type HostAccess, judgeHostAccess } from '../pve/host-access.ts';
import { archiveName } from '../snapshot/archive-name.ts';
import { shellLine } from '../transport/shell-line.ts';
import { containerRecovery } from './container-recovery.ts';
import type { KitGuest, PasswordSource, RecoveryRemark } from './recovery-kit.ts';

export interface SnapshotToRecover {
  /** As many digits as tell it from all others of the repository. */
  readonly id: string;
  readonly guest: GuestRef;
  readonly hostId: string;
  readonly config: GuestConfig | undefined;
  readonly hostAccess: readonly HostAccess[];
  readonly archiveBytes: number;
  /** Path of the repository. */
  readonly where: string;
}

/** The lines that get one guest back under its own vmid. `host` is the entry that it was backed up through. */
export function recoveryLines(
  snapshot: SnapshotToRecover,
  host: HostEntry | undefined,
  home: string,
): Extract<KitGuest['recovery'], { kind: 'lines' }> {
  const node = onNode(snapshot);
  const way = wayIn(host, snapshot.hostId, home);
  return {
    kind: 'lines',
    restic: node.line,
    pvebak: [
      ...way.environment,
      shellLine(['pvebak', 'restore', snapshot.id, '--repo', snapshot.where, ...way.options]),
    ].join(' '),
    remarks: [...node.remarks, ...accessRemarks(snapshot), ...way.remarks],
  };
}

/** A privileged container comes back unasked to a vmid that is free. */
function accessRemarks({ hostAccess }: SnapshotToRecover): readonly RecoveryRemark[] {
  const { refused } = judgeHostAccess(hostAccess, undefined);
  return refused.length === 0 ? [] : [{ kind: 'reaches-node', access: refused }];
}

/** Makes both programs find the password; undefined where only a person can. */
export function passwordLine(source: PasswordSource): string | undefined {
  switch (source.kind) {
    case 'env':
      return source.name === 'RESTIC_PASSWORD' ? undefined : `export RESTIC_PASSWORD="$${source.name}"`;
    case 'file':
      return `export RESTIC_PASSWORD="$(${shellLine(['head', '-n', '1', source.path])})"`;
    case 'command':
      return `export RESTIC_PASSWORD="$(${shellLine(source.argv)} | head -n 1)"`;
    case 'credential':
    case 'site-file':
      return undefined;
  }
}

export function listLines(where: string): readonly string[] {
  return [
    shellLine(['restic', '-r', where, 'snapshots']),
    shellLine(['pvebak', 'snapshots', '--repo', where]),
  ];
}

export function passwordSource(ref: SecretRef): PasswordSource {
  return ref.kind === 'plain' ? { kind: 'site-file' } : ref;
}

interface NodeLine {
  readonly line: string;
  readonly remarks: readonly RecoveryRemark[];
}

function onNode({ id, guest, config, archiveBytes, where }: SnapshotToRecover): NodeLine {
  const path = `/${formatGuestRef(guest)}/archive/${archiveName(guest.type, guest.vmid)}`;
  const dump = shellLine(['restic', '-r', where, 'dump', id, path]);
  if (guest.type === 'qemu')
    return {
      line: `${dump} | ${shellLine(qmrestoreCommand({ vmid: guest.vmid, archive: '-' }))}`,
      remarks: [],
    };
  if (config === undefined) throw new Error('a container needs its configuration');
  const { argv, remarks } = containerRecovery(guest.vmid, config, archiveBytes);
  // A pipe does not bring the template flag over either.
  const template = config.template ? ` && ${shellLine(guestCommand(guest, 'template'))}` : '';
  return { line: `${dump} | ${shellLine(argv)}${template}`, remarks };
}

interface WayIn {
  readonly environment: readonly string[];
  readonly options: readonly string[];
  readonly remarks: readonly RecoveryRemark[];
}

/** What `pvebak restore` is told without a site file, to log in as the site does. */
function wayIn(host: HostEntry | undefined, hostId: string, home: string): WayIn {
  if (host === undefined)
    return { environment: [], options: ['--to', 'root@NODE'], remarks: [{ kind: 'host-unknown', hostId }] };
  const dumpDir = host.dumpDir === '/var/lib/vz/dump' ? [] : ['--dump-dir', host.dumpDir];
  const { access } = host;
  if (access.kind === 'local')
    return { environment: [], options: ['--to', 'local', ...dumpDir], remarks: [] };
  const [address = { host: 'NODE', port: 22 }] = access.addresses;
  const login = loginWay(access.login);
  return {
    ...login,
    options: [
      '--to',
      `${access.username}@${formatAddress(address)}`,
      ...(access.sudo === true ? ['--sudo'] : []),
      ...login.options,
      ...hostKeyOptions(access.hostKeys, home),
      ...dumpDir,
    ],
  };
}

function formatAddress({ host, port }: { readonly host: string; readonly port: number }): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === 22 ? name : `${name}:${port}`;
}

function loginWay(login: SshLogin): WayIn {
  const plain = { environment: [], remarks: [] };
  switch (login.kind) {
    case 'password':
      return { ...plain, options: ['--ask-password'] };
    case 'identity':
      return identityWay(login);
    case 'agent':
      return login.socket === undefined
        ? { ...plain, options: [] }
        : { ...plain, environment: [`SSH_AUTH_SOCK=${shellLine([login.socket])}`], options: [] };
  }
}

function identityWay({ key, passphrase }: Extract<SshLogin, { kind: 'identity' }>): WayIn {
  if (key.kind !== 'file')
    return {
      environment: [],
      options: [],
      remarks: [{ kind: 'identity-elsewhere', secret: passwordSource(key) }],
    };
  const options = ['--identity-file', key.path, ...(passphrase === undefined ? [] : ['--ask-passphrase'])];
  return { environment: [], options, remarks: [] };
}

function hostKeyOptions(
  hostKeys: Extract<HostEntry['access'], { kind: 'ssh' }>['hostKeys'],
  home: string,
): readonly string[] {
  if (hostKeys.kind === 'fingerprints') return hostKeys.sha256.flatMap((key) => ['--host-key', key]);
  const usual = [`${home}/.ssh/known_hosts`, '/etc/ssh/ssh_known_hosts'];
  return hostKeys.files.join('\n') === usual.join('\n')
    ? []
    : hostKeys.files.flatMap((file) => ['--known-hosts', file]);
}
