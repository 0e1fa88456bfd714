import type { BackupMode, ResourceMap, RestoreMode, Retention } from '../config/site.ts';
import type { GuestRef, NodeName, Vmid } from '../pve/guest.ts';
import type { HostAccess } from '../pve/host-access.ts';
import type { GuestVolume, LineIdentity } from '../pve/inventory.ts';
import type { BackupEstimate } from './estimate-backup.ts';
import type { GuestSnapshot } from './facts.ts';
import type { AdoptAction } from './lines/adopt-action.ts';
import type { OrphanLine } from './lines/orphan-line.ts';
import type { NodeConfigPlan } from './node-config-plan.ts';
import type { PlanNote } from './plan-note.ts';
import type { PlanProblem } from './plan-problem.ts';
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
