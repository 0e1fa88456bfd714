import type { GuestSnapshot } from '../facts.ts';
import type { GuestLabel } from '../plan.ts';
import type { KeepRule } from './keep-rules.ts';

/** What becomes of the snapshots of one guest's line in one repository, where any of them goes. */
export interface ForgetAction {
  readonly kind: 'forget';
  readonly repository: string;
  readonly host: string;
  readonly guest: GuestLabel;
  /** Names of all policies that select the guest and keep its backups there. */
  readonly policies: readonly string[];
  /** Oldest first. */
  readonly forget: readonly GuestSnapshot[];
  /** Oldest first, each with all that keeps it. */
  readonly keep: readonly KeptSnapshot[];
  /** Whether a backup of this plan was counted on: unless it is made, nothing is forgotten. */
  readonly afterBackup: boolean;
}

export interface KeptSnapshot {
  readonly snapshot: GuestSnapshot;
  readonly by: readonly KeepReason[];
}

export type KeepReason =
  | { readonly kind: 'rules'; readonly policy: string; readonly rules: readonly KeepRule[] }
  /** The policy has no retention: it wants all of them. */
  | { readonly kind: 'kept-all'; readonly policy: string }
  | { readonly kind: 'pinned' }
  /** The newest that is not known to be damaged. */
  | { readonly kind: 'last-good' };
