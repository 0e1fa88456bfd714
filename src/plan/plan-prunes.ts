import type { RepositoryEntry, Site } from '../config/site.ts';
import { dueAgeMs } from './due-age.ts';
import type { Facts, RepositoryFacts } from './facts.ts';
import type { PruneAction } from './plan.ts';

/**
 * Which repositories are to be looked through for what no snapshot needs any longer. One that never was is due when its oldest
 * snapshot is as old as the time between two.
 */
export function planPrunes(
  { repositories, cadenceMs }: Pick<Site, 'repositories' | 'cadenceMs'>,
  facts: Facts,
): readonly PruneAction[] {
  return [...repositories.values()].flatMap(({ name, prune }) => {
    const held = facts.repositories.get(name);
    if (prune === undefined || held === undefined) return [];
    return pruneOf(name, prune, held, { now: facts.now, cadenceMs });
  });
}

function pruneOf(
  repository: string,
  { everyMs, mostUnusedShare }: NonNullable<RepositoryEntry['prune']>,
  held: RepositoryFacts,
  { now, cadenceMs }: { readonly now: number; readonly cadenceMs: number },
): readonly PruneAction[] {
  const times = [...held.snapshots, ...held.nodeSnapshots].map(({ time }) => time);
  const since = held.prunedAt ?? times.reduce((oldest, time) => Math.min(oldest, time), now);
  if (now - since <= dueAgeMs({ rpoMs: everyMs, cadenceMs, durationMs: 0 })) return [];
  return [
    {
      kind: 'prune',
      repository,
      mostUnusedShare,
      everyMs,
      ...(held.prunedAt !== undefined && { agoMs: now - held.prunedAt }),
    },
  ];
}
