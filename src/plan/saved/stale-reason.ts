import type { NodeName } from '../../pve/guest.ts';
import type { GuestLabel } from '../plan.ts';

/** Why an action of a saved plan is not carried out any more. */
export type StaleReason =
  /** The site file has no such entry any longer. */
  | { readonly kind: 'host-gone'; readonly host: string }
  | { readonly kind: 'repository-gone'; readonly repository: string }
  /** The entry leads into another cluster, or has another id. */
  | { readonly kind: 'host-elsewhere'; readonly host: string }
  | { readonly kind: 'repository-elsewhere'; readonly repository: string }
  | { readonly kind: 'guest-gone'; readonly guest: GuestLabel }
  | { readonly kind: 'guest-moved'; readonly guest: GuestLabel; readonly to: NodeName }
  /** Another machine has its vmid. */
  | { readonly kind: 'guest-replaced'; readonly guest: GuestLabel }
  /** It was gone, and is there again. */
  | { readonly kind: 'guest-back'; readonly guest: GuestLabel }
  /** Somebody has said in which line its history goes on, or that it does not. */
  | { readonly kind: 'line-adopted' }
  /** Names of the disks and mount points that are new, gone or of another size. */
  | { readonly kind: 'guest-changed'; readonly guest: GuestLabel; readonly volumes: readonly string[] }
  /** Lines that reach the node: it had them when nobody was asked for them. */
  | { readonly kind: 'guest-lines-gone'; readonly guest: GuestLabel; readonly lines: readonly string[] }
  | { readonly kind: 'newer-backup'; readonly time: number }
  /** Its target was restored again since. */
  | { readonly kind: 'restored-since'; readonly time: number }
  | { readonly kind: 'vmid-taken'; readonly by: GuestLabel }
  | { readonly kind: 'snapshots-gone'; readonly ids: readonly string[] }
  | { readonly kind: 'snapshots-pinned'; readonly ids: readonly string[] }
  /** A pin may be among what cannot be read: what is wrong with the first of it. */
  | { readonly kind: 'pins-unread'; readonly unread: string }
  | { readonly kind: 'snapshots-damaged'; readonly ids: readonly string[] }
  /** The plan does not say what must be so. */
  | { readonly kind: 'unguarded' };
