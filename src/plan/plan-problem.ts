import type { BackupMode } from '../config/site.ts';
import type { GuestRef, NodeName, Vmid } from '../pve/guest.ts';
import type { HostAccess } from '../pve/host-access.ts';
import type { GuestLabel } from './plan.ts';

/** What stands in the way of what the site asks for: a run ends with a failure. */
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
