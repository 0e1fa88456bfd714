import { formatGuestRef, type GuestRef, type GuestType, type NodeName, type Vmid } from './guest.ts';
import type { PveVersion } from './inventory.ts';
import { isAtLeast } from './pve-version.ts';
import { type VzdumpTuning, vzdumpTuningOptions } from './vzdump-options.ts';

/**
 * Argument lists of the Proxmox VE tools, as data. Nothing here needs quoting: the shell port hands every argument
 * over as it is. Forms were checked against recordings of the 8.4 and 9.2 tools.
 */
export type Argv = readonly string[];

export interface VzdumpRequest extends VzdumpTuning {
  readonly vmid: Vmid;
  readonly mode: 'snapshot' | 'suspend' | 'stop';
  /** Always given, since the node's vzdump.conf may set another default. */
  readonly compress: '0' | '1' | 'lzo' | 'gzip' | 'zstd';
  /** An existing folder on the node: vzdump leaves its log file there. Without it, `local` must be usable for backups. */
  readonly dumpDir: string;
  /** A filter, not a target: on any other node vzdump ends at once, with status 0 and in silence. */
  readonly node?: NodeName;
  /** How long to wait for the node's vzdump lock; vzdump's own default is three hours. */
  readonly lockwaitMinutes?: number;
  /** How long a guest may take to shut down in mode stop; vzdump's own default is ten minutes. */
  readonly stopwaitMinutes?: number;
  readonly bwlimitKiB?: number;
  readonly ionice?: number;
  /**
   * Containers only. Each is an option of its own in every version: 7.4 joins them itself into the one list that its
   * API takes (pve-common PVE/JSONSchema.pm: get_options), and its separator, NUL, could not be in an argument.
   */
  readonly excludePath?: readonly string[];
  /** Matters with gzip; 0 is plain gzip, 1 half of the node's cores. */
  readonly pigzThreads?: number;
  /** Matters with zstd; 0 is half of the node's cores. */
  readonly zstdThreads?: number;
}

/** Dumps one guest to stdout; the log goes to stderr. Options that the node's version does not know are left out. */
export function vzdumpCommand(request: VzdumpRequest): Argv {
  return [
    'vzdump',
    String(request.vmid),
    '--stdout',
    ...option('mode', request.mode),
    ...option('compress', request.compress),
    ...option('dumpdir', request.dumpDir),
    ...option('node', request.node),
    ...option('lockwait', request.lockwaitMinutes),
    ...option('stopwait', request.stopwaitMinutes),
    ...option('bwlimit', request.bwlimitKiB),
    ...option('ionice', request.ionice),
    ...(request.excludePath ?? []).flatMap((path) => option('exclude-path', path)),
    ...option('pigz', request.pigzThreads),
    ...option('zstd', request.zstdThreads),
    ...vzdumpTuningOptions(request),
  ];
}

export interface RestoreRequest {
  readonly vmid: Vmid;
  /** `-` for stdin, which must be a bare archive; else an absolute path or a volume id. */
  readonly archive: string;
  readonly storage?: string;
  readonly pool?: string;
  /** Replaces what has this vmid. The old disks are gone as soon as the archive's header has been read. */
  readonly force?: boolean;
  /** New hardware addresses, and for a VM a new smbios uuid. */
  readonly unique?: boolean;
  /** 0 is no limit, whatever the storage or the datacenter says. */
  readonly bwlimitKiB?: number;
  /** Only where `canStartItself` says so. */
  readonly start?: boolean;
}

/** Restores a VM. */
export function qmrestoreCommand(request: RestoreRequest): Argv {
  return ['qmrestore', request.archive, String(request.vmid), ...restoreOptions(request)];
}

/**
 * Whether the tool that restores a guest of this type takes `--start`: pct always did, qmrestore does since 9.1 and
 * before it refuses to begin. Otherwise `guestCommand(ref, 'start')` is for afterwards.
 */
export function canStartItself(type: GuestType, version: PveVersion | undefined): boolean {
  return type === 'lxc' || isAtLeast(version, '9.1');
}

export interface PctRestoreRequest extends RestoreRequest {
  /** `STORAGE:GIB`, or `STORAGE:0` for a folder without limit. Needed when the archive comes by stdin. */
  readonly rootfs?: string;
  /** What stdin does not learn from the archive: its mount points, `mp0` and so on. */
  readonly mountPoints?: readonly { readonly key: string; readonly value: string }[];
  /** Needed with stdin, or an unprivileged container silently becomes a privileged one. */
  readonly unprivileged?: boolean;
}

export function pctRestoreCommand(request: PctRestoreRequest): Argv {
  return [
    'pct',
    'restore',
    String(request.vmid),
    request.archive,
    ...option('rootfs', request.rootfs),
    ...(request.mountPoints ?? []).flatMap(({ key, value }) => option(key, value)),
    ...(request.unprivileged === undefined ? [] : option('unprivileged', request.unprivileged ? 1 : 0)),
    ...restoreOptions(request),
  ];
}

export type GuestAction =
  | 'status'
  | 'config'
  | 'start'
  | 'stop'
  | 'shutdown'
  | 'unlock'
  | 'template'
  | 'destroy';

/** `qm stop 101`, `pct stop 201`. Both know only the guests of the node they run on. */
export function guestCommand(ref: GuestRef, action: GuestAction): Argv {
  return [guestTool(ref), action, String(ref.vmid)];
}

/** Sets configuration values: `qm set 101 --description ...`. */
export function guestSetCommand(ref: GuestRef, values: Readonly<Record<string, string>>): Argv {
  return [
    guestTool(ref),
    'set',
    String(ref.vmid),
    ...Object.entries(values).flatMap(([key, value]) => option(key, value)),
  ];
}

/** Reads from the API as JSON: `pvesh get /cluster/resources --output-format json`. */
export function pveshGet(path: string, parameters: Readonly<Record<string, string>> = {}): Argv {
  const given = Object.entries(parameters).flatMap(([key, value]) => option(key, value));
  return ['pvesh', 'get', path, ...given, '--output-format', 'json'];
}

/** Where the API keeps a guest: `/nodes/pve1/qemu/101`. */
export function guestPath(node: NodeName, ref: GuestRef): string {
  return `/nodes/${node}/${formatGuestRef(ref)}`;
}

function guestTool(ref: GuestRef): 'qm' | 'pct' {
  return ref.type === 'qemu' ? 'qm' : 'pct';
}

function restoreOptions(request: RestoreRequest): Argv {
  return [
    ...option('storage', request.storage),
    ...option('pool', request.pool),
    ...option('bwlimit', request.bwlimitKiB),
    ...flag('force', request.force),
    ...flag('unique', request.unique),
    ...flag('start', request.start),
  ];
}

function option(name: string, value: string | number | undefined): Argv {
  return value === undefined ? [] : [`--${name}`, String(value)];
}

function flag(name: string, value: boolean | undefined): Argv {
  return value === true ? [`--${name}`, '1'] : [];
}
