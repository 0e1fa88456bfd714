import type { GuestRef, NodeName } from '../pve/guest.ts';
import type { GuestVolume } from '../pve/inventory.ts';
import type { GuestPlace } from './facts.ts';
import type { GuestLabel } from './plan.ts';

/** What an operator should know, and nothing fails for. */
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
