import type { GuestLabel } from '../../plan/plan.ts';
import { formatGuestRef } from '../../pve/guest.ts';

/** `qemu/101 web-1` */
export function guestText({ ref, name }: GuestLabel): string {
  return name === undefined ? formatGuestRef(ref) : `${formatGuestRef(ref)} ${name}`;
}

/** How many entries of a list are shown to who did not ask for all. */
const SHORT_LIST = 8;

/** Entries with commas; long lists are cut unless `verbose`. */
export function listText(entries: readonly string[], { verbose }: { readonly verbose: boolean }): string {
  const shown = verbose || entries.length <= SHORT_LIST + 1 ? entries : entries.slice(0, SHORT_LIST);
  const more = entries.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more (--verbose)` : '');
}
