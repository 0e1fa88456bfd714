import type { GuestType } from '../pve/guest.ts';

/** The archive's name in a snapshot. It has no date, so that recovery with restic alone is one line. */
export function archiveName(type: GuestType, vmid: number): string {
  return `vzdump-${type}-${vmid}.${type === 'qemu' ? 'vma' : 'tar'}`;
}

/**
 * The archive's name in a dump folder on a node. qmrestore wants a base name of the form `vzdump-qemu-*.vma`; without a
 * date it is no backup in Proxmox VE's own listings, so that no prune job there removes it.
 */
export function stagedArchiveName(type: GuestType, vmid: number, snapshot: string): string {
  return `vzdump-${type}-${vmid}-pvebak-${snapshot.slice(0, 8)}.${type === 'qemu' ? 'vma' : 'tar'}`;
}
