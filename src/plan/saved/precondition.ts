import type { NodeName, Vmid } from '../../pve/guest.ts';
import type { GuestVolume, LineId } from '../../pve/inventory.ts';
import type { GuestLabel } from '../plan.ts';

/**
 * What was so when a plan was made, and must still be so when one of its actions is carried out later. Each is about
 * a host entry or a repository of the plan.
 */
export type Precondition =
  /** The guest is the same machine, on the same node, with the same disks. */
  | {
      readonly kind: 'guest-unchanged';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly line: LineId;
      readonly volumes: readonly GuestVolume[];
    }
  /** No backup of the guest was added: the newest is the one that was planned with, or there is none. */
  | {
      readonly kind: 'no-newer-backup';
      readonly repository: string;
      readonly line: LineId;
      /** Milliseconds since 1970; absent when there was none. */
      readonly newest?: number;
    }
  | {
      readonly kind: 'no-newer-node-config';
      readonly repository: string;
      readonly host: string;
      readonly node: NodeName;
      readonly newest?: number;
    }
  | { readonly kind: 'vmid-free'; readonly host: string; readonly vmid: Vmid }
  /** The guest that a restore overwrites is still that machine, on that node. */
  | {
      readonly kind: 'target-unchanged';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly line: LineId;
      /** Lines that reach the node, come with the backup, and were not asked for since the guest had them; absent: none. */
      readonly hostAccess?: readonly string[];
    }
  /** No guest of the host is the machine of the line. */
  | { readonly kind: 'line-not-there'; readonly host: string; readonly line: LineId }
  /** And all its nodes are on. */
  | { readonly kind: 'line-gone'; readonly host: string; readonly line: LineId }
  /** Nothing was restored over it since, from that repository. */
  | {
      readonly kind: 'no-newer-restore';
      readonly repository: string;
      readonly host: string;
      readonly vmid: Vmid;
      /** When it was restored last by then, milliseconds since 1970; absent: nothing was known. */
      readonly newest?: number;
    }
  /** Nobody has said of the line in which one its history goes on, or that it does not. */
  | { readonly kind: 'line-not-adopted'; readonly repository: string; readonly line: LineId }
  /** By id or original. */
  | { readonly kind: 'snapshots-there'; readonly repository: string; readonly ids: readonly string[] }
  /** Nobody has pinned them since. */
  | { readonly kind: 'snapshots-unpinned'; readonly repository: string; readonly ids: readonly string[] }
  /** No verification has found damage in them since. */
  | { readonly kind: 'snapshots-undamaged'; readonly repository: string; readonly ids: readonly string[] };

/** What a saved plan expects an entry of the site file to lead to. */
export interface ExpectedHost {
  /** What the repository knows it by. */
  readonly id: string;
  readonly clusterFingerprint: string;
}

export interface ExpectedRepository {
  /** That of its config file. */
  readonly id: string;
}
