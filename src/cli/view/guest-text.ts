import type { GuestName } from '../../plan/plan.ts';
import { formatGuestRef } from '../../pve/guest.ts';

/** `qemu/101 web-1`, `qemu/900 base (template)` */
export function guestText({ ref, name, template }: GuestName): string {
  const suffix = template === true ? ' (template)' : '';
  return `${formatGuestRef(ref)}${name === undefined ? '' : ` ${name}`}${suffix}`;
}

/** How many entries of a list are shown to who did not ask for all. */
const SHORT_LIST = 8;

/** Entries with commas; long lists are cut unless `verbose`. */
export function listText(entries: readonly string[], { verbose }: { readonly verbose: boolean }): string {
  const shown = verbose || entries.length <= SHORT_LIST + 1 ? entries : entries.slice(0, SHORT_LIST);
  const more = entries.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more (--verbose)` : '');
}
