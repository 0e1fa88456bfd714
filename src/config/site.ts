import type { GuestRef, GuestType, NodeName, Vmid } from '../pve/guest.ts';

/**
 * A site file after validation: every default filled in, every path absolute, every duration in
 * milliseconds, secrets still references (they are read only when used).
 */
export interface Site {
  /** Absolute path of the site file. */
  readonly file: string;
  /** How often apply is run, in milliseconds. */
  readonly cadenceMs: number;
  readonly repositories: ReadonlyMap<string, RepositoryEntry>;
  readonly hosts: ReadonlyMap<string, HostEntry>;
  readonly backups: readonly BackupPolicy[];
  readonly restores: readonly RestoreIntent[];
}

export type SecretRef =
  | { readonly kind: 'plain'; readonly value: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'credential'; readonly name: string }
  | { readonly kind: 'command'; readonly argv: readonly string[] };

export interface RepositoryEntry {
  readonly name: string;
  /** Absolute path of the repository's folder. */
  readonly path: string;
  readonly password: SecretRef;
}

export interface HostEntry {
  readonly name: string;
  /** What the repository knows it by: the snapshots' hostname. */
  readonly id: string;
  readonly access: HostAccess;
  readonly backupMode: BackupMode;
  readonly backupCompression: BackupCompression;
  readonly dumpDir: string;
  /** The node that restores go to, where the cluster has several. */
  readonly node?: NodeName;
  readonly cleanup: boolean;
  readonly vzdump: VzdumpOptions;
}

export type HostAccess =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'ssh';
      readonly addresses: readonly { readonly host: string; readonly port: number }[];
      readonly username: string;
      readonly login: SshLogin;
      readonly hostKeys: HostKeys;
    };

export type SshLogin =
  | { readonly kind: 'password'; readonly password: SecretRef }
  | { readonly kind: 'identity'; readonly key: SecretRef; readonly passphrase?: SecretRef }
  | { readonly kind: 'agent'; readonly socket?: string };

/** How a host key is known: pinned fingerprints (`SHA256:...`), or a known_hosts file. Unknown keys are refused. */
export type HostKeys =
  | { readonly kind: 'fingerprints'; readonly sha256: readonly string[] }
  | { readonly kind: 'known-hosts'; readonly files: readonly string[] };

export type BackupMode = 'snapshot' | 'suspend' | 'stop';
export type BackupCompression = '0' | '1' | 'lzo' | 'gzip' | 'zstd';

/** Options of vzdump that are passed through. */
export interface VzdumpOptions {
  readonly bwlimitKiB?: number;
  readonly ionice?: number;
  readonly excludePath: readonly string[];
}

export interface BackupPolicy {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly repository: string;
  readonly select:
    | { readonly kind: 'vmid'; readonly vmids: readonly Vmid[] }
    | { readonly kind: 'pool'; readonly pool: string }
    | { readonly kind: 'all' };
  readonly include: GuestFilter | undefined;
  readonly exclude: GuestFilter | undefined;
  /** How old the newest backup may be, in milliseconds. */
  readonly rpoMs: number;
  readonly backupMode?: BackupMode;
  /** What the policy wants kept. Nothing is ever forgotten by this version. */
  readonly retention?: Retention;
}

/** A snapshot stays when any rule wants it, with restic's meaning; at least one is given. */
export interface Retention {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  /** Milliseconds before the newest snapshot. */
  readonly withinMs?: number;
}

/** A guest matches when it matches any entry of any list. */
export interface GuestFilter {
  readonly vmids: readonly Vmid[];
  readonly tags: readonly string[];
  /** Patterns with `*` and `?`. */
  readonly names: readonly string[];
  readonly types: readonly GuestType[];
}

export interface RestoreIntent {
  readonly name: string;
  readonly repository: string;
  /** `latest`, or a snapshot id or its prefix (8 to 64 hex digits). */
  readonly snapshot: string;
  readonly guest: GuestRef;
  /** The id of the host entry whose backup it is. */
  readonly fromHostId: string;
  readonly to: {
    readonly host: string;
    readonly vmid: Vmid;
    readonly storage?: string;
    readonly pool?: string;
    readonly unique: boolean;
    readonly start: boolean;
  };
  readonly onExisting: 'fail' | 'replace';
  /** Only when named on the command line. */
  readonly manual: boolean;
}
