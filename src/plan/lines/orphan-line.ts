import type { GuestRef, NodeName } from '../../pve/guest.ts';
import type { LineId } from '../../pve/inventory.ts';
import type { GuestLabel } from '../plan.ts';

/** A line with backups of a machine that is not there any longer, or was not seen. */
export interface OrphanLine {
  readonly repository: string;
  /** Name of the host entry that made the newest backup. */
  readonly host: string;
  /** What it is called is not known: nobody is left to tell. */
  readonly guest: { readonly ref: GuestRef };
  readonly line: LineId;
  readonly snapshots: number;
  /** Start of the newest backup, milliseconds since 1970. */
  readonly newestAt: number;
  readonly why: OrphanReason;
  /** The restore of the site that wants it: it is kept for that one. */
  readonly wantedBy?: string;
  /** Until when all of it is kept, milliseconds since 1970; absent: for ever, as the site does not say, or there is a doubt. */
  readonly keptUntil?: number;
}

export type OrphanReason =
  /** None of its hosts shows it, on any node. */
  | { readonly kind: 'gone' }
  /** Another machine has its vmid. */
  | { readonly kind: 'vmid-reused'; readonly by: GuestLabel }
  /** A guest that nothing tells from others has its vmid, and may be the same machine: it is kept. */
  | { readonly kind: 'unidentified'; readonly by: GuestLabel }
  /** It was not seen, and nodes that are off may hold it: it is kept. */
  | { readonly kind: 'unsure'; readonly offline: readonly NodeName[] };
