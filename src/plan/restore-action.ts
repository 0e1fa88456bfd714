import type { RestoreIntent } from '../config/site.ts';
import type { Guest } from '../pve/inventory.ts';
import type { RestoreTarget } from './check-restore-target.ts';
import type { PlannedIntent } from './expand-restores.ts';
import type { GuestSnapshot, RestoredTarget } from './facts.ts';
import type { RestoreAction } from './plan.ts';
import { guestLabel } from './reached-hosts.ts';

export interface KnownTarget extends RestoreTarget {
  /** What the guest that is there was restored from. */
  readonly from: RestoredTarget | undefined;
}

/** What an intent comes to, when nothing stands against it. */
export function restoreAction(
  intent: PlannedIntent,
  { node, existing, from }: KnownTarget,
  { snapshot, name }: { readonly snapshot: GuestSnapshot; readonly name: string | undefined },
): RestoreAction {
  return {
    kind: 'restore',
    intent: intent.name,
    repository: intent.repository,
    snapshot,
    to: { ...intent.to, node, ...howItGets(intent) },
    ...(name !== undefined && { name }),
    ...(intent.order !== undefined && { order: intent.order }),
    ...(intent.member !== undefined && { member: intent.member }),
    replaces: existing && guestLabel(existing),
    ...(existing && isUp(existing) && { stops: true }),
    reason: existing === undefined ? { kind: 'target-missing' } : replaceReason(intent, from),
  };
}

function replaceReason({ when }: RestoreIntent, from: RestoredTarget | undefined): RestoreAction['reason'] {
  if (when !== 'changed') return { kind: 'replace-asked' };
  return { kind: 'target-changed', ...(from !== undefined && { from: from.snapshot }) };
}

/** Paused and half-started ones are stopped, too. */
function isUp({ status }: Guest): boolean {
  return status !== 'stopped' && status !== 'unknown';
}

function howItGets({ map, bwlimitKiB, mode }: RestoreIntent): Partial<RestoreAction['to']> {
  return {
    ...(map !== undefined && { map }),
    ...(bwlimitKiB !== undefined && { bwlimitKiB }),
    ...(mode !== undefined && { mode }),
  };
}
