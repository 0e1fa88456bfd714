import type { BackupMode, ResourceMap, RestoreMode, Retention } from '../config/site.ts';
import type { GuestRef, NodeName, Vmid } from '../pve/guest.ts';
import type { HostAccess } from '../pve/host-access.ts';
import type { GuestVolume, LineIdentity } from '../pve/inventory.ts';
import type { BackupEstimate } from './estimate-backup.ts';
import type { GuestPlace, GuestSnapshot } from './facts.ts';
import type { AdoptAction } from './lines/adopt-action.ts';
import type { OrphanLine } from './lines/orphan-line.ts';
import type { NodeConfigPlan } from './node-config-plan.ts';
import type { ForgetAction, HeldForget } from './retention/forget-plan.ts';
import type { Growth } from './retention/suspicious-growth.ts';

/**
 * What would be done, as data; every verdict carries its reason. Views make the sentences. It is written to files as it is:
 * after a change, `npm run schemas` makes `schemas/plan.schema.json` anew.
 */
export interface Plan {
  /** Milliseconds since 1970: the clock reading that it was made with. */
  readonly madeAt: number;
  /** Before all else: guests that have moved, whose history goes on. */
  readonly adopts: readonly AdoptAction[];
  readonly backups: readonly BackupAction[];
  /** Due, in hours in which no backup of theirs may begin. */
  readonly waiting: readonly WaitingBackup[];
  /** Due, and not possible now, as one of the problems says. */
  readonly blocked: readonly BackupAction[];
  readonly fresh: readonly FreshGuest[];
  readonly nodeConfigs: NodeConfigPlan;
  readonly restores: readonly RestoreAction[];
  /** After backups and restores: what is to be read and proved again. */
  readonly verifies: readonly VerifyAction[];
  /** After all else: what is no longer wanted. */
  readonly forgets: readonly ForgetAction[];
  /** Last of all: repositories that are looked through for what no snapshot needs. */
  readonly prunes: readonly PruneAction[];
  /** What would be forgotten, and is held by a brake until it is allowed by name. */
  readonly held: readonly HeldForget[];
  /** What repositories learn of policies when the plan is carried out; nothing to be asked about. */
  readonly declarations?: readonly PolicyDeclaration[];
  /** Guests of which a backup brought far more new data than is usual, and nobody has looked at it. */
  readonly suspicious: readonly SuspiciousGuest[];
  /** Lines whose machine is gone, or was not seen. */
  readonly orphans: readonly OrphanLine[];
  /** Restore intents that need nothing, or wait to be named. */
  readonly restoresAtRest: readonly RestoreAtRest[];
  readonly leftAlone: readonly LeftAlone[];
  readonly skipped: readonly SkippedGuest[];
  /** Guests that no policy selects or excludes; those that an `include` passes over are among them. */
  readonly uncovered: readonly { readonly host: string; readonly guest: GuestLabel }[];
  /** What could not be asked or done. Any of these makes the plan incomplete. */
  readonly problems: readonly PlanProblem[];
  readonly notes: readonly PlanNote[];
}

/** What a repository is to know of the policies that use it. */
export interface PolicyDeclaration {
  readonly repository: string;
  readonly policies: readonly { readonly name: string; readonly retention?: Retention }[];
}

export interface SuspiciousGuest extends Growth {
  readonly host: string;
  readonly guest: GuestName;
  readonly repository: string;
  readonly policies: readonly string[];
}

/** What a guest is called, also one that is gone. */
export interface GuestName {
  readonly ref: GuestRef;
  readonly name?: string;
  /** Absent: it is gone. */
  readonly node?: NodeName;
  readonly template?: true;
}

export interface GuestLabel extends GuestName {
  readonly node: NodeName;
}

export interface BackupAction {
  readonly kind: 'backup';
  readonly host: string;
  readonly guest: GuestLabel;
  readonly identity: LineIdentity;
  readonly repository: string;
  /** Names of all policies that select the guest; the one dump satisfies them all. */
  readonly policies: readonly string[];
  readonly mode: BackupMode;
  readonly reason: DueReason;
  readonly newest?: GuestSnapshot;
  readonly volumes: readonly GuestVolume[];
  readonly estimate: BackupEstimate;
  /** Set when the lock that a backup has left on it is taken away first, unless something works on it. */
  readonly unlocks?: true;
  /** The end of the hours in which it may begin, milliseconds since 1970; absent: it may at any time. */
  readonly notAfter?: number;
}

/** The newest backup of a guest is read and proved. */
export interface VerifyAction {
  readonly kind: 'verify';
  readonly host: string;
  readonly guest: GuestLabel;
  readonly repository: string;
  /** Those that ask for it. */
  readonly policies: readonly string[];
  /** Absent: the one that this plan makes. */
  readonly snapshot?: GuestSnapshot;
  readonly reason: VerifyReason;
  /** The most that is read, where that is known. */
  readonly readBytes?: number;
}

/** What no snapshot of a repository needs any longer is removed, where there is more of it than may stay. */
export interface PruneAction {
  readonly kind: 'prune';
  readonly repository: string;
  /** 0.1: a tenth of what is stored may be unused. */
  readonly mostUnusedShare: number;
  readonly everyMs: number;
  /** Since the last time; absent: it never was. */
  readonly agoMs?: number;
}

export type VerifyReason =
  | { readonly kind: 'never-verified' }
  | { readonly kind: 'verified-long-ago'; readonly agoMs: number; readonly withinMs: number };

export interface WaitingBackup {
  readonly host: string;
  readonly guest: GuestLabel;
  readonly identity: LineIdentity;
  readonly repository: string;
  readonly policies: readonly string[];
  readonly reason: DueReason;
  readonly newest?: GuestSnapshot;
  readonly estimate: BackupEstimate;
  /** The policy whose window opens first, and when: milliseconds since 1970. */
  readonly policy: string;
  readonly opensAt: number;
}

export type DueReason =
  | { readonly kind: 'never-backed-up' }
  /** The vmid has backups, all of another machine. */
  | { readonly kind: 'vmid-reused'; readonly otherLines: number }
  | {
      readonly kind: 'too-old';
      readonly ageMs: number;
      readonly rpoMs: number;
      /** Undefined: no policy asks, the cadence alone makes it due. */
      readonly policy: string | undefined;
    }
  /** Within the rpo now, but not when the next run will have finished. */
  | {
      readonly kind: 'too-old-before-next-run';
      readonly ageMs: number;
      readonly rpoMs: number;
      readonly cadenceMs: number;
      readonly policy: string | undefined;
    }
  /** There is no backup since the last moment of a policy's schedule, which was so many milliseconds ago. */
  | {
      readonly kind: 'scheduled';
      readonly ageMs: number;
      readonly sinceMs: number;
      readonly policy: string | undefined;
    }
  /** The newest one was found damaged, and those before it do not suffice. */
  | { readonly kind: 'newest-damaged'; readonly snapshot: string; readonly ageMs: number }
  /** The newest backup claims a time after now. */
  | { readonly kind: 'clock-behind'; readonly aheadMs: number };

export interface FreshGuest {
  readonly host: string;
  readonly guest: GuestLabel;
  readonly policies: readonly string[];
  readonly newest: GuestSnapshot;
  readonly ageMs: number;
  readonly rpoMs: number;
}

export interface RestoreAction {
  readonly kind: 'restore';
  readonly intent: string;
  readonly repository: string;
  readonly snapshot: GuestSnapshot;
  readonly to: {
    readonly host: string;
    readonly node: NodeName;
    readonly vmid: Vmid;
    readonly storage?: string;
    readonly pool?: string;
    readonly unique: boolean;
    readonly start: boolean;
    /** Old storages and bridges to new ones; `storage` counts for what no entry names. */
    readonly map?: ResourceMap;
    readonly bwlimitKiB?: number;
    /** Absent: what the guest allows. */
    readonly mode?: RestoreMode;
  };
  /** What the guest was called, as its snapshot says. */
  readonly name?: string;
  /** Lower ones first, then those without: each waits until all with a lower one have ended. */
  readonly order?: number;
  /** Of a guest that a restore with `select` takes in. */
  readonly member?: {
    /** The name of the entry. */
    readonly of: string;
    readonly by: SelectedBy;
    /** The same as `order`, among the guests of this entry. */
    readonly place?: number;
  };
  /** Whether a guest is there that will be stopped and overwritten. */
  readonly replaces: GuestLabel | undefined;
  /** Set when that guest runs, as far as is known. */
  readonly stops?: true;
  /**
   * Lines of the backed-up configuration by which the guest reaches the node, and which the overwritten guest does not have:
   * those that were allowed, and a privileged container's. No other ones may come. Absent: none, or none is known.
   */
  readonly hostAccess?: readonly HostAccess[];
  readonly reason: RestoreReason;
}

/** Why a restore with `select` takes a guest in: all of it is so. */
export interface SelectedBy {
  /** The id of the host that its backups are of. */
  readonly host: string;
  /** Where it was. */
  readonly node?: string;
  readonly pool?: string;
  /** Those of the wanted ones that it has. */
  readonly tags?: readonly string[];
}

export type RestoreReason =
  | { readonly kind: 'target-missing' }
  /** It is named, and may overwrite. */
  | { readonly kind: 'replace-asked' }
  /** The guest that is there was restored from another snapshot; absent: nothing is known to have restored it. */
  | { readonly kind: 'target-changed'; readonly from?: string };

export type RestoreAtRest =
  | { readonly intent: string; readonly kind: 'manual' }
  | { readonly intent: string; readonly kind: 'target-exists'; readonly target: GuestLabel }
  /** It was restored from the snapshot that is wanted. */
  | {
      readonly intent: string;
      readonly kind: 'target-as-wanted';
      readonly target: GuestLabel;
      readonly snapshot: string;
    }
  /** There is no snapshot of the guest yet. Restored by the first apply that finds one. */
  | { readonly intent: string; readonly kind: 'blocked-by-backup'; readonly backup: AwaitedBackup };

/** The first backup of a guest that is to be restored. */
export interface AwaitedBackup {
  readonly guest: GuestLabel;
  /** `planned`: by this plan. `blocked`: it is due and cannot be made now, as one of the problems says. `waiting`: for a window. */
  readonly state: 'planned' | 'blocked' | 'waiting';
}

/** A guest that is left out on purpose, whichever policies select it. */
export interface SkippedGuest {
  readonly host: string;
  readonly guest: GuestLabel;
  readonly policy: string;
  readonly reason: string;
  readonly owner: string;
  /** The last day, `2026-12-31`. */
  readonly until: string;
}

/** A guest that a policy would select, left alone on purpose. */
export interface LeftAlone {
  readonly host: string;
  readonly guest: GuestLabel;
  readonly policy: string;
  readonly reason: { readonly kind: 'excluded'; readonly by: string } | { readonly kind: 'not-included' };
}

export type PlanProblem =
  /** Files are damaged or cannot be read: what they kept is not known, so that nothing is forgotten there. */
  | {
      readonly kind: 'repository-unread';
      readonly repository: string;
      /** `snapshots/<64 digits>: the content does not match the name` */
      readonly unread: readonly string[];
    }
  /** A snapshot claims a time after now, so that nothing is forgotten: which clock is wrong is not known. */
  | { readonly kind: 'forget-clock-behind'; readonly repository: string; readonly aheadMs: number }
  /** No host's clock agrees with that of this machine, so that nothing is forgotten. */
  | { readonly kind: 'forget-clock-differs'; readonly host: string; readonly aheadMs: number }
  | { readonly kind: 'host-unreachable'; readonly host: string; readonly reason: string }
  | {
      readonly kind: 'vmid-missing';
      readonly policy: string;
      readonly vmid: Vmid;
      readonly hosts: readonly string[];
    }
  | {
      readonly kind: 'pool-missing';
      readonly policy: string;
      readonly pool: string;
      readonly hosts: readonly string[];
    }
  /** The day until which guests were to be left out has passed. */
  | { readonly kind: 'skip-ended'; readonly policy: string; readonly owner: string; readonly until: string }
  /** A policy selects the guest by its number, and another one skips it; it is skipped. */
  | {
      readonly kind: 'skip-contradicts';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly policies: readonly string[];
      readonly skippedBy: string;
    }
  /** One dump cannot be made in two modes; none is made. */
  | {
      readonly kind: 'modes-contradict';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly repository: string;
      readonly policies: readonly string[];
      /** One for each policy. */
      readonly modes: readonly BackupMode[];
    }
  | { readonly kind: 'pool-empty'; readonly policy: string; readonly pool: string }
  /** The site wants every guest covered by a policy, or skipped on purpose. */
  | { readonly kind: 'uncovered'; readonly host: string; readonly guests: readonly GuestLabel[] }
  | {
      readonly kind: 'node-offline';
      readonly host: string;
      readonly node: NodeName;
      readonly guests: readonly GuestLabel[];
    }
  /** The guest lives on a node that this host entry has no way into. */
  | {
      readonly kind: 'guest-on-other-node';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly policies: readonly string[];
    }
  /** The node's own configuration is due, and this host entry has no way there. */
  | { readonly kind: 'node-config-elsewhere'; readonly host: string; readonly node: NodeName }
  | {
      readonly kind: 'guest-locked';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly lock: string;
    }
  | {
      readonly kind: 'disk-too-large';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly volume: string;
      readonly bytes: number;
    }
  | { readonly kind: 'restore-snapshot-missing'; readonly intent: string; readonly wanted: string }
  | {
      readonly kind: 'restore-snapshot-ambiguous';
      readonly intent: string;
      readonly wanted: string;
      readonly matches: number;
    }
  | { readonly kind: 'restore-target-exists'; readonly intent: string; readonly target: GuestLabel }
  /** It is the very machine that the backup is of, and nobody has named the restore: it would fall back to each backup of it. */
  | { readonly kind: 'restore-target-is-source'; readonly intent: string; readonly target: GuestLabel }
  /** It may not be removed (`protection: 1`). */
  | { readonly kind: 'restore-target-protected'; readonly intent: string; readonly target: GuestLabel }
  | { readonly kind: 'restore-target-other-type'; readonly intent: string; readonly target: GuestLabel }
  | {
      readonly kind: 'restore-target-other-node';
      readonly intent: string;
      readonly target: GuestLabel;
      readonly node: NodeName;
    }
  | { readonly kind: 'restore-node-unknown'; readonly intent: string; readonly node: string }
  | { readonly kind: 'restore-node-offline'; readonly intent: string; readonly node: NodeName }
  /** The node is one that the host entry has no way into. */
  | {
      readonly kind: 'restore-node-elsewhere';
      readonly intent: string;
      readonly host: string;
      readonly node: NodeName;
      readonly localNode: NodeName;
    }
  | {
      readonly kind: 'restore-storage-missing';
      readonly intent: string;
      readonly storage: string;
      readonly node: NodeName;
      /** The last two: it is there, but does not hold disks of VMs, or containers. */
      readonly why: 'not-there' | 'not-available' | 'no-images' | 'no-rootdir';
    }
  /** With what the restores before it put there. */
  | {
      readonly kind: 'restore-no-room';
      readonly intent: string;
      readonly storage: string;
      readonly node: NodeName;
      readonly needsBytes: number;
      readonly freeBytes: number;
      /** How many restores of this plan come before it there. */
      readonly others: number;
    }
  | {
      readonly kind: 'restore-bridge-missing';
      readonly intent: string;
      readonly bridge: string;
      readonly node: NodeName;
      /** Those that are there; not empty. */
      readonly there: readonly string[];
    }
  | {
      readonly kind: 'restore-pool-missing';
      readonly intent: string;
      readonly pool: string;
      readonly host: string;
    }
  | { readonly kind: 'restore-host-unreachable'; readonly intent: string; readonly host: string }
  /** Another restore of this plan goes to the same vmid. */
  | {
      readonly kind: 'restore-target-claimed';
      readonly intent: string;
      readonly by: string;
      readonly vmid: Vmid;
    }
  /** Lines of the backed-up configuration would reach the node, and are neither there already nor allowed. */
  | {
      readonly kind: 'restore-reaches-node';
      readonly intent: string;
      readonly access: readonly HostAccess[];
    }
  /** The repository knows no guest, and no backup is to come, that it selects. */
  | { readonly kind: 'restore-selects-none'; readonly intent: string; readonly from: string }
  /** What their snapshots say of them could not be read, so that it is not known whether they are selected. */
  | {
      readonly kind: 'restore-guests-unknown';
      readonly intent: string;
      readonly refs: readonly GuestRef[];
    }
  /** With its offset, the vmid would be none. */
  | { readonly kind: 'restore-vmid-impossible'; readonly intent: string; readonly vmid: number }
  | { readonly kind: 'restore-name-unknown'; readonly intent: string };

export type PlanNote =
  | { readonly kind: 'one-key'; readonly repository: string }
  /** The clock of the host's node differs from this machine's, which others agree with; negative: behind it. */
  | { readonly kind: 'clock-differs'; readonly host: string; readonly aheadMs: number }
  /** Runs are too far apart to keep what the policy asks for. */
  | {
      readonly kind: 'rpo-below-cadence';
      readonly policy: string;
      readonly rpoMs: number;
      readonly cadenceMs: number;
    }
  /** Its window is closed for longer than the policy's backups may be old. */
  | {
      readonly kind: 'rpo-below-window';
      readonly policy: string;
      readonly rpoMs: number;
      readonly closedMs: number;
    }
  /** A restored guest's network cards are on bridges that its node does not have; it is not to be started. */
  | {
      readonly kind: 'restore-bridges-unmapped';
      readonly intent: string;
      readonly bridges: readonly string[];
      readonly node: NodeName;
    }
  /** Guests are not restored, since they have the vmids that others are restored to. */
  | {
      readonly kind: 'restore-copies-left';
      readonly intent: string;
      readonly refs: readonly GuestRef[];
    }
  /** Guests that are to come first are not among those that are restored. */
  | {
      readonly kind: 'restore-order-absent';
      readonly intent: string;
      readonly refs: readonly GuestRef[];
    }
  /** Restores promise more on a thin storage than it has. */
  | {
      readonly kind: 'restore-room-promised';
      readonly host: string;
      readonly storage: string;
      readonly node: NodeName;
      readonly statedBytes: number;
      readonly freeBytes: number;
    }
  /** Options under `vzdump` that the version of the host's node does not know: dumps are made without. */
  | {
      readonly kind: 'vzdump-option-unknown';
      readonly host: string;
      readonly version: string;
      readonly options: readonly string[];
    }
  /** VMs of a host whose dumps are to use fleecing, with no storage named and no disk on one: dumped without. */
  | { readonly kind: 'fleecing-nowhere'; readonly host: string; readonly guests: readonly GuestLabel[] }
  /** Snapshots of another line count for the guest, as it was adopted. */
  | {
      readonly kind: 'history-joined';
      readonly repository: string;
      readonly host: string;
      readonly guest: GuestLabel;
      readonly from: GuestPlace;
      readonly snapshots: number;
    }
  /** The line was adopted by another one, and its machine is there: it counts for itself. */
  | {
      readonly kind: 'adopted-and-there';
      readonly repository: string;
      readonly host: string;
      readonly guest: GuestLabel;
    }
  /**
   * The site says that a guest has moved here. `not-there`: it is not, yet. `still-there`: the machine is where it was.
   * `no-backup`: there is none from there. Nothing is joined.
   */
  | {
      readonly kind: 'move-waits';
      readonly why: 'not-there' | 'still-there' | 'no-backup';
      readonly host: string;
      readonly guest: { readonly ref: GuestRef };
      readonly from: GuestPlace;
    }
  /** Nothing tells this container from a later one with the same vmid. */
  | { readonly kind: 'reuse-unnoticed'; readonly host: string; readonly guest: GuestLabel }
  | {
      readonly kind: 'volume-left-out';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly volume: GuestVolume;
    };
