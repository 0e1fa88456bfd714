import type { Retention } from '../config/site.ts';
import type { GuestRef, NodeName } from '../pve/guest.ts';
import type { GuestContents } from '../pve/guest-contents.ts';
import type { Inventory, LineId } from '../pve/inventory.ts';

/**
 * All that the planner is told. The same facts give the same plan. It is written to files as it is: after a change,
 * `npm run schemas` makes `schemas/facts.schema.json` anew.
 */
export interface Facts {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** By name of the host entry. */
  readonly hosts: ReadonlyMap<string, HostFacts>;
  /** By name of the repository entry. */
  readonly repositories: ReadonlyMap<string, RepositoryFacts>;
}

export type HostFacts =
  | { readonly kind: 'reached'; readonly inventory: Inventory }
  | { readonly kind: 'unreachable'; readonly reason: string };

export interface RepositoryFacts {
  /** Of its config file: 64 hex digits. */
  readonly id: string;
  readonly snapshots: readonly GuestSnapshot[];
  readonly nodeSnapshots: readonly NodeSnapshot[];
  readonly keyCount: number;
  /** When it was pruned last, milliseconds since 1970; absent: never. */
  readonly prunedAt?: number;
  /**
   * Snapshots and records that are damaged or cannot be read, each with what is wrong: of what they were is not known. Absent:
   * there is none.
   */
  readonly unread?: readonly string[];
  /** Snapshots that are to be kept whatever retention says, by id or original. */
  readonly pinned: ReadonlySet<string>;
  /** Snapshots whose new data somebody has looked at, by id or original. */
  readonly acknowledged: ReadonlySet<string>;
  /** Snapshots in which the last verification found damage, by id or original. */
  readonly damaged: ReadonlySet<string>;
  /** When a verification found a snapshot whole last, milliseconds since 1970, by id or original; without the damaged. */
  readonly verified: ReadonlyMap<string, number>;
  /** When a verification read all of it and found it whole, likewise. Absent: nothing is known. */
  readonly readWhole?: ReadonlyMap<string, number>;
  /**
   * Of each guest, `HOST-ID /qemu/101`, the newest backup that a verification has read whole and found so; kept when that is
   * forgotten. Absent: none is known.
   */
  readonly proved?: ReadonlyMap<string, ProvedBackup>;
  /** By the old line. Absent: none is known. */
  readonly adoptions?: ReadonlyMap<string, Adoption>;
  /** What guests were restored from this repository, by cluster fingerprint and vmid, `FINGERPRINT 901`. Absent: none is known. */
  readonly restored?: ReadonlyMap<string, RestoredTarget>;
  /** By name of the policy, oldest first: what runs with this repository wanted kept. Absent: nothing is known. */
  readonly retentions?: ReadonlyMap<string, readonly DeclaredRetention[]>;
  /** By snapshot id, what those say of their guests that restores may want now. Absent: nobody has looked. */
  readonly contents?: ReadonlyMap<string, GuestContents>;
}

/** A guest that was restored, whole. */
export interface RestoredTarget {
  /** Its id by then. */
  readonly snapshot: string;
  readonly original?: string;
  /** Of the guest that came of it: another one may have the vmid by now. Absent: it could not be told. */
  readonly line?: string;
  /** Milliseconds since 1970. */
  readonly restoredAt: number;
}

/** What a policy wanted kept. */
export interface DeclaredRetention {
  /** Milliseconds since 1970: the first run that it was so for. */
  readonly since: number;
  /** Absent: everything. */
  readonly retention?: Retention;
}

/** The history of a line goes on in another one. */
export interface Adoption {
  readonly to: LineId;
  /** It did until somebody took that back. */
  readonly undone?: true;
  /** Whose line it was, and whose the other one is, where that is known. */
  readonly from?: GuestPlace;
  readonly at?: GuestPlace;
}

export interface GuestPlace {
  /** The id of a host entry. */
  readonly hostId: string;
  readonly guest: GuestRef;
}

export interface ProvedBackup {
  readonly id: string;
  /** Both milliseconds since 1970. */
  readonly madeAt: number;
  readonly provedAt: number;
}

/** A snapshot that holds a guest. */
export interface GuestSnapshot {
  /** 64 hex digits. */
  readonly id: string;
  /** The id it had before restic rewrote it. */
  readonly original?: string;
  /** Start of the dump, milliseconds since 1970. */
  readonly time: number;
  /** Of the clock that it was made by, east positive. */
  readonly offsetMinutes: number;
  /** The id of the host entry that made it. */
  readonly hostId: string;
  readonly guest: GuestRef;
  readonly line: LineId | undefined;
  readonly policies: readonly string[];
  readonly run?: string;
  /** What making it took. Missing where another program rewrote the snapshot, or made it. */
  readonly history?: BackupHistory;
}

export interface BackupHistory {
  /** From the start of the dump to its commit. */
  readonly durationMs: number;
  /** The size of the disks, or of the archive of a container. */
  readonly readBytes: number;
  /** Of those, before compression, what the repository did not hold. */
  readonly newBytes: number;
}

/** A snapshot that holds a node's own configuration. */
export interface NodeSnapshot {
  /** 64 hex digits. */
  readonly id: string;
  /** The id it had before restic rewrote it. */
  readonly original?: string;
  /** When it was taken, milliseconds since 1970. */
  readonly time: number;
  /** The id of the host entry that made it. */
  readonly hostId: string;
  readonly node: NodeName;
  readonly run?: string;
}
