import type { RestoreIntent } from '../config/site.ts';
import { withoutMountPoints } from '../pve/container-host-access.ts';
import { type HostAccess, judgeHostAccess } from '../pve/host-access.ts';
import type { RestoreTarget } from './check-restore-target.ts';
import type { PlanProblem } from './plan.ts';

export interface RestoredAccess {
  readonly problems: readonly PlanProblem[];
  /** What comes, and is new on the node; empty when there is a problem. */
  readonly comes: readonly HostAccess[];
}

/**
 * Whether a backup may bring what of its configuration reaches the node. Mount points on paths of the node count unless the
 * archive is certainly streamed; apply judges again, by what it has in its hands.
 */
export function judgeRestoredAccess(
  intent: RestoreIntent,
  {
    found,
    existing,
  }: { readonly found: readonly HostAccess[]; readonly existing: RestoreTarget['existing'] },
  allowsAll: boolean,
): RestoredAccess {
  const brought = intent.mode === 'streamed' ? withoutMountPoints(found) : found;
  const { refused, named } = judgeHostAccess(brought, existing && (existing.hostAccess ?? []));
  if (refused.length === 0 || allowsAll || intent.allow?.includes('host-access') === true)
    return { problems: [], comes: [...refused, ...named] };
  return {
    problems: [{ kind: 'restore-reaches-node', intent: intent.name, access: refused }],
    comes: [],
  };
}
