import { formatGuestRef, type GuestRef } from '../pve/guest.ts';

/** Whether a guest is among those that are allowed by name. @param names `qemu/101`, or `all` */
export function namesGuest(names: readonly string[], guest: GuestRef): boolean {
  return names.includes('all') || names.includes(formatGuestRef(guest));
}
