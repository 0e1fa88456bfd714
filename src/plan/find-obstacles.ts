import type { Guest, GuestVolume } from '../pve/inventory.ts';
import { namesGuest } from './names-guest.ts';
import type { PlanProblem } from './plan-problem.ts';
import { guestLabel } from './reached-hosts.ts';
import { reachesNode } from './reaches-node.ts';
import type { SelectedGuest } from './select-guests.ts';

/** Largest disk of a VM that a repository takes (FORMAT.md): 8 TiB. */
export const LARGEST_DISK_BYTES = 8 * 2 ** 40;

/**
 * Why a guest that is due cannot be dumped; empty when it can. One on a node that is off has no problem of its
 * own here: the node's problem names it.
 * @param policies names of the policies that want the dump
 * @param unlocked guests whose lock of a backup may be taken away: `qemu/101`, or `all`
 */
export function findObstacles(
  { host, guest }: SelectedGuest,
  policies: readonly string[],
  unlocked: readonly string[],
): readonly PlanProblem[] {
  const at = { host: host.entry.name, guest: guestLabel(guest) };
  const problems: PlanProblem[] = [];
  if (!reachesNode(host, guest.node)) problems.push({ kind: 'guest-on-other-node', ...at, policies });
  if (guest.lock !== undefined && !isUnlocked(guest, unlocked))
    problems.push({ kind: 'guest-locked', ...at, lock: guest.lock });
  if (guest.ref.type === 'qemu') {
    for (const { key, bytes } of guest.volumes.filter(isDumped)) {
      if (bytes === undefined || bytes <= LARGEST_DISK_BYTES) continue;
      problems.push({ kind: 'disk-too-large', ...at, volume: key, bytes });
    }
  }
  return problems;
}

/** Whether the guest has the lock that a backup has left, and it may be taken away. */
export function isUnlocked({ lock, ref }: Guest, unlocked: readonly string[]): boolean {
  return lock === 'backup' && namesGuest(unlocked, ref);
}

/** Whether the guest's node is known to be off. */
export function isOnOfflineNode({ host, guest }: SelectedGuest): boolean {
  return host.inventory.nodes.some((node) => node.name === guest.node && !node.online);
}

function isDumped(volume: GuestVolume): boolean {
  return volume.leftOut === undefined;
}
