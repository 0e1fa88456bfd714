import type { LineId } from '../../pve/inventory.ts';
import type { GuestSnapshot } from '../facts.ts';
import type { OrphanLine } from '../lines/orphan-line.ts';
import type { GuestName } from '../plan.ts';
import type { PolicyChange } from './former-wishes.ts';
import type { KeepRule } from './keep-rules.ts';

/** What becomes of the snapshots of one guest's line in one repository, where any of them goes. */
export interface ForgetAction {
  readonly kind: 'forget';
  readonly repository: string;
  readonly host: string;
  readonly guest: GuestName;
  /** Names of all policies that select the guest and keep its backups there; of an orphan none. */
  readonly policies: readonly string[];
  /** Set where all that is not pinned goes, the last good one as well: the machine is gone, and the time that it was kept for. */
  readonly orphan?: Required<Pick<OrphanLine, 'line' | 'why' | 'newestAt' | 'keptUntil'>>;
  /** Oldest first. */
  readonly forget: readonly GuestSnapshot[];
  /** Oldest first, each with all that keeps it. */
  readonly keep: readonly KeptSnapshot[];
  /** Whether a backup of this plan was counted on: unless it is made, nothing is forgotten. */
  readonly afterBackup: boolean;
  /** Lines of where the guest was, which this plan joins to its own: unless it does, nothing is forgotten. */
  readonly adopts?: readonly LineId[];
  /** If that backup brings more new data than this, somebody is to look at it before anything is forgotten. */
  readonly mostNewBytes?: number;
}

/** What would be forgotten, were it not for a brake. */
export interface HeldForget extends Omit<ForgetAction, 'kind'> {
  readonly reason: HoldReason;
}

export type HoldReason =
  /** Of the repository's snapshots more would go at once than the site allows; `share` is 0.1 for a tenth. */
  | { readonly kind: 'forget-max'; readonly going: number; readonly of: number; readonly share: number }
  /** One of the guest's snapshots brought far more new data than is usual, and nobody has looked at it. */
  | { readonly kind: 'suspicious' }
  /** Policies wanted them that have changed not long ago: they stay until the last grace is over. */
  | { readonly kind: 'policy-change'; readonly changes: readonly PolicyChange[] }
  /** Policies that kept backups of the guest, and whose hosts could not all be asked whether they still do. */
  | { readonly kind: 'policies-unasked'; readonly policies: readonly string[] };

export interface KeptSnapshot {
  readonly snapshot: GuestSnapshot;
  readonly by: readonly KeepReason[];
}

export type KeepReason =
  | { readonly kind: 'rules'; readonly policy: string; readonly rules: readonly KeepRule[] }
  /** The policy has no retention: it wants all of them. */
  | { readonly kind: 'kept-all'; readonly policy: string }
  | { readonly kind: 'pinned' }
  /** This plan restores it. */
  | { readonly kind: 'restored-now' }
  | { readonly kind: 'policy-change'; readonly policy: string; readonly until: number }
  /** The newest that is not known to be damaged. */
  | { readonly kind: 'last-good' };
