import type { GuestType } from '../pve/guest.ts';
import { type HostAccess, hostAccess, type JudgedAccess, judgeHostAccess } from '../pve/host-access.ts';
import { hostAccessText } from '../pve/host-access-text.ts';
import type { TargetFault } from './restore-target-faults.ts';

/** What a restore brings to the node, and what of it may come. */
export interface BroughtAccess {
  readonly found: readonly HostAccess[];
  /** Lines that the plan has named, with the user's consent. */
  readonly allowed: readonly string[];
}

/**
 * What of it was not allowed and is not there already.
 * @param before configuration of the guest that is overwritten; undefined when the vmid is free
 */
export function judgeBrought(
  { found, allowed }: BroughtAccess,
  { type, before }: { readonly type: GuestType; readonly before: string | undefined },
): JudgedAccess {
  const there = before === undefined ? undefined : hostAccess({ type, text: before, from: 'node' });
  const asked = found.filter(({ line }) => !allowed.includes(line));
  return judgeHostAccess(
    asked,
    there?.map(({ line }) => line),
  );
}

export function hostAccessFaults({ refused }: JudgedAccess): readonly TargetFault[] {
  if (refused.length === 0) return [];
  return [
    {
      message: `its configuration would reach the node: ${hostAccessText(refused)}`,
      hint: 'if that is yours: restore with --allow host-access, or allow: [host-access] in the site file',
    },
  ];
}
