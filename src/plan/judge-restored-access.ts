import type { RestoreIntent } from '../config/site.ts';
import { withoutMountPoints } from '../pve/container-host-access.ts';
import type { GuestContents } from '../pve/guest-contents.ts';
import { type HostAccess, judgeHostAccess } from '../pve/host-access.ts';
import type { RestoreTarget } from './check-restore-target.ts';
import type { PlanProblem } from './plan-problem.ts';
import { restoreNeeds } from './restore-needs.ts';

export interface RestoredAccess {
  readonly problems: readonly PlanProblem[];
  /** What comes, and is new on the node; empty when there is a problem. */
  readonly comes: readonly HostAccess[];
}

export interface RestoredGuest {
  /** Of the backup; undefined where nobody has looked. */
  readonly contents: GuestContents | undefined;
  /** The guest that is overwritten. */
  readonly existing: RestoreTarget['existing'];
}

/**
 * Whether a backup may bring what of its configuration reaches the node. Mount points on paths of the node are not made where
 * pct is told volume by volume: from a stream, and on several storages. Apply judges again, by what it has in its hands.
 * @param allowsAll whether any restore may
 */
export function judgeRestoredAccess(
  intent: RestoreIntent,
  { contents, existing }: RestoredGuest,
  allowsAll: boolean,
): RestoredAccess {
  if (contents?.hostAccess === undefined) return { problems: [], comes: [] };
  const { hostAccess: found } = contents;
  const isTold = intent.mode === 'streamed' || restoreNeeds(intent, contents).length > 1;
  const brought = isTold ? withoutMountPoints(found) : found;
  const { refused, named } = judgeHostAccess(brought, existing && (existing.hostAccess ?? []));
  if (refused.length === 0 || allowsAll || intent.allow?.includes('host-access') === true)
    return { problems: [], comes: [...refused, ...named] };
  return {
    problems: [{ kind: 'restore-reaches-node', intent: intent.name, access: refused }],
    comes: [],
  };
}
