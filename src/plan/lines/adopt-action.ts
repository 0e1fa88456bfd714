import type { LineId } from '../../pve/inventory.ts';
import type { GuestPlace } from '../facts.ts';
import type { GuestLabel } from '../plan.ts';

/** A guest that the site says has moved: the history of its old line goes on in its new one, for good. */
export interface AdoptAction {
  readonly kind: 'adopt';
  readonly repository: string;
  /** Name of the host entry, and its id. */
  readonly host: string;
  readonly hostId: string;
  readonly guest: GuestLabel;
  readonly line: LineId;
  readonly from: GuestPlace & { readonly line: LineId };
  /** Of the old line. */
  readonly snapshots: number;
  /** Start of the newest of them, milliseconds since 1970. */
  readonly newestAt: number;
}
