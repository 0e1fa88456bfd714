import type { GuestRef, GuestType, NodeName, Vmid } from '../pve/guest.ts';
import type { CronLine } from '../schedule/cron-line.ts';
import type { DailyWindow } from '../schedule/daily-window.ts';

/**
 * A site file after validation: every default filled in, every path absolute, every duration in
 * milliseconds, secrets still references (they are read only when used).
 */
export interface Site {
  /** Absolute path of the site file. */
  readonly file: string;
  /** Absolute paths of what it includes; absent: nothing. */
  readonly includedFiles?: readonly string[];
  /** Secrets that stand in these files themselves, each with its file; absent: none. */
  readonly writtenSecrets?: readonly { readonly key: string; readonly path: string }[];
  /** How often apply is run, in milliseconds. */
  readonly cadenceMs: number;
  readonly repositories: ReadonlyMap<string, RepositoryEntry>;
  readonly hosts: ReadonlyMap<string, HostEntry>;
  readonly backups: readonly BackupPolicy[];
  /** Policies that leave guests out on purpose; absent: none. */
  readonly skips?: readonly SkipPolicy[];
  readonly restores: readonly RestoreEntry[];
  /** Guests that are elsewhere now, or have another vmid; absent: none. */
  readonly moved?: readonly MovedGuest[];
  /** What becomes of the backups of guests that are gone; absent: all are kept. */
  readonly orphans?: OrphanRule;
  /** A site file always fills it in; absent elsewhere: nothing brakes. */
  readonly guards?: Guards;
}

export interface MovedGuest {
  readonly from: { readonly hostId: string; readonly guest: GuestRef };
  /** With the name of the host entry. */
  readonly to: { readonly host: string; readonly hostId: string; readonly guest: GuestRef };
}

export interface OrphanRule {
  /** All snapshots of such a guest go so many milliseconds after the newest of them. */
  readonly keepMs: number;
}

export interface Guards {
  readonly forgetMax: ForgetMax;
  /** For so many milliseconds after a policy changed, what it wanted before stays. Absent: it goes at once. */
  readonly policyChangeGraceMs?: number;
  /** Set when a guest that no policy covers makes the plan incomplete. */
  readonly uncovered?: 'fail';
}

/** How many snapshots of a repository may go at once; one of each guest, for one that comes, is not counted. */
export interface ForgetMax {
  /** 0.1: a tenth of all that are there. */
  readonly share: number;
  /** So many never are too many. */
  readonly atLeast: number;
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
  /** After so many milliseconds it is pruned again, down to a share of unused data (0.1: a tenth); absent: never by a plan. */
  readonly prune?: { readonly everyMs: number; readonly mostUnusedShare: number };
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
  /** Set when each node's own configuration (/etc/pve, /etc/network) is kept, too. */
  readonly configBackup?: true;
  readonly vzdump: VzdumpOptions;
}

export type HostAccess =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'ssh';
      readonly addresses: readonly { readonly host: string; readonly port: number }[];
      readonly username: string;
      /** That user runs everything through sudo; absent: as itself. */
      readonly sudo?: true;
      readonly login: SshLogin;
      readonly hostKeys: HostKeys;
      /** A site file always fills it in; absent elsewhere: ssh2. */
      readonly client?: SshClient;
      /** Nodes of the cluster that are not reached at the address the cluster states; absent: none. */
      readonly nodes?: ReadonlyMap<NodeName, NodeAccess>;
      /**
       * After so many milliseconds in which it says nothing and takes nothing, a connection counts as lost. A site file
       * always fills it in; absent elsewhere: 5 minutes.
       */
      readonly stallTimeoutMs?: number;
    };

/** What speaks SSH. */
export type SshClient =
  | { readonly kind: 'ssh2' }
  /** The system's own client. Each option is a `KEY=VALUE` for its `-o`. */
  | { readonly kind: 'openssh'; readonly options: readonly string[] };

/** How one node of a cluster is reached; what is absent is as the cluster and the host entry say. */
export interface NodeAccess {
  /** Instead of the address that the cluster states; not empty. */
  readonly addresses?: readonly { readonly host: string; readonly port: number }[];
  readonly hostKeys?: HostKeys;
}

export type SshLogin =
  /** Also the answer where the server asks for it by keyboard-interactive. */
  | { readonly kind: 'password'; readonly password: SecretRef }
  | { readonly kind: 'identity'; readonly key: SecretRef; readonly passphrase?: SecretRef }
  | { readonly kind: 'agent'; readonly socket?: string };

/** How a host key is known: pinned fingerprints (`SHA256:...`), or a known_hosts file. Unknown keys are refused. */
export type HostKeys =
  | { readonly kind: 'fingerprints'; readonly sha256: readonly string[] }
  | { readonly kind: 'known-hosts'; readonly files: readonly string[] };

export type BackupMode = 'snapshot' | 'suspend' | 'stop';
export type BackupCompression = '0' | '1' | 'lzo' | 'gzip' | 'zstd';

/** Options of vzdump that are passed through, named as `vzdumpCommand` takes them. */
export interface VzdumpOptions {
  readonly bwlimitKiB?: number;
  /** 0 to 8, which is idle. */
  readonly ionice?: number;
  /** Writes of the guest during its dump go to an image of their own; without `storage`, where its first disk lies. */
  readonly fleecing?: { readonly storage?: string };
  readonly performance?: {
    /** Reads of a VM's disks at the same time. */
    readonly maxWorkers?: number;
    readonly pbsEntriesMax?: number;
  };
  readonly excludePath: readonly string[];
  /** 0 is plain gzip, 1 half of the node's cores. */
  readonly pigzThreads?: number;
  /** 0 is half of the node's cores. */
  readonly zstdThreads?: number;
  /** Absent: no notification of success, mail of a failure where the node's vzdump.conf names an address. */
  readonly notificationMode?: 'auto' | 'legacy-sendmail' | 'notification-system';
  /** How long to wait for the node's vzdump lock; a site file that says nothing means 10. */
  readonly lockwaitMinutes?: number;
  /** How long a guest may take to shut down in mode stop. */
  readonly stopwaitMinutes?: number;
}

/** Which guests a policy is for. */
export interface PolicySelection {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly select:
    | { readonly kind: 'vmid'; readonly vmids: readonly Vmid[] }
    /** Without those below it, which have names of their own: `prod/web`. */
    | { readonly kind: 'pool'; readonly pool: string }
    | { readonly kind: 'all' };
  readonly include: GuestFilter | undefined;
  readonly exclude: GuestFilter | undefined;
}

/** The guests that it selects are left out on purpose, by all policies, until a day has passed. */
export interface SkipPolicy extends PolicySelection {
  readonly reason: string;
  readonly owner: string;
  /** The last day, `2026-12-31`. */
  readonly until: string;
  readonly timeZone: string;
}

export interface BackupPolicy extends PolicySelection {
  readonly repository: string;
  /** How old the newest backup may be, in milliseconds; with a schedule the longest time between its moments, and one cadence. */
  readonly rpoMs: number;
  /** When backups are to be made; absent: as the rpo asks. */
  readonly schedule?: Schedule;
  /** Backups begin only in these hours; absent: at any time. */
  readonly window?: DailyWindow;
  /** The newest backup is read and proved again after so many milliseconds. */
  readonly verifyWithinMs?: number;
  /** Selects only guests that no policy without this selects. */
  readonly fallback?: true;
  /** What this policy says itself. */
  readonly backupMode?: BackupMode;
  /** What counts where no policy of a guest says a mode itself. */
  readonly defaultMode?: BackupMode;
  /** What the policy wants kept of each guest; absent: everything. */
  readonly retention?: Retention;
}

export interface Schedule {
  /** Its five fields as the file has them. */
  readonly cron: string;
  readonly line: CronLine;
  readonly timeZone: string;
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
  /** `running`, `stopped`, ... as the node says it when the plan is made. */
  readonly statuses: readonly string[];
}

/** An entry under `restores`. */
export type RestoreEntry = RestoreIntent | RestoreGroup;

export interface RestoreIntent {
  readonly name: string;
  readonly repository: string;
  /** `latest`, or a snapshot id or its prefix (8 to 64 hex digits). */
  readonly snapshot: string;
  /** With `latest`: only those from before this moment count, milliseconds since 1970. */
  readonly before?: number;
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
  /** Where the backed-up configuration's storages and bridges are found on the target. `to.storage` counts for what no entry names. */
  readonly map?: ResourceMap;
  readonly bwlimitKiB?: number;
  /** How the archive reaches the target; absent: `auto`. */
  readonly mode?: RestoreMode;
  /** Lower ones first, then those without, each in the order of the file. */
  readonly order?: number;
  /** Acts also when its target is there and was not restored from the wanted snapshot; absent: only when it is missing. */
  readonly when?: 'changed';
  readonly onExisting: 'fail' | 'replace';
  /** Only when named on the command line. */
  readonly manual: boolean;
  /** What it may do that is refused otherwise. `host-access`: bring lines of the configuration that reach the node. */
  readonly allow?: readonly 'host-access'[];
}

/** Restores all guests that it selects by what their newest snapshots say of them. */
export interface RestoreGroup
  extends Omit<RestoreIntent, 'snapshot' | 'guest' | 'fromHostId' | 'to' | 'order'> {
  readonly select: RestoreSelect;
  readonly to: Omit<RestoreIntent['to'], 'vmid'> & {
    /** Added to the vmid that each had. */
    readonly vmidOffset: number;
  };
  readonly order?: GroupOrder;
}

/** A guest is selected when all that is given fits. */
export interface RestoreSelect {
  /** The id of the host entry whose backups they are. */
  readonly fromHostId: string;
  /** Where it was. */
  readonly node?: string;
  /** Without those below it. */
  readonly pool?: string;
  /** It has any of these; empty: whatever it has. */
  readonly tags: readonly string[];
  /** Its newest backup is at most so many milliseconds older than the newest of the host. */
  readonly withinMs?: number;
}

export type GroupOrder =
  /** All of it among the other restores, as with one guest. */
  | { readonly kind: 'rank'; readonly rank: number }
  /** These one after the other, then the others. */
  | { readonly kind: 'guests'; readonly guests: readonly GuestRef[] }
  /** By the numbers by which the node would start them, `startup: order=3`; those without one last. */
  | { readonly kind: 'startup' };

/** A file in `dump_dir`, straight into the tool, or what the guest allows. */
export type RestoreMode = 'auto' | 'staged' | 'streamed';

/** Old names to new ones. */
export interface ResourceMap {
  readonly storage: ReadonlyMap<string, string>;
  readonly bridge: ReadonlyMap<string, string>;
}
