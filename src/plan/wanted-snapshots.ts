import type { RestoreEntry, Site } from '../config/site.ts';
import type { Facts, GuestSnapshot } from './facts.ts';
import { findRestoreSnapshot } from './find-restore-snapshot.ts';
import { groupCandidates } from './group-candidates.ts';
import { isNamedEntry } from './intent-names.ts';

/**
 * The snapshots that restores may take now, by repository: what they say of their guests is wanted to plan with.
 * @param named intents that are named; of those that are manual, only these count
 */
export function wantedSnapshots(
  { restores }: Pick<Site, 'restores'>,
  facts: Facts,
  named: readonly string[],
): ReadonlyMap<string, readonly GuestSnapshot[]> {
  const wanted = restores.filter(({ manual, name }) => !manual || isNamedEntry(name, named));
  const byRepository = Map.groupBy(wanted, ({ repository }) => repository);
  return new Map(
    [...byRepository].map(([name, intents]) => {
      const held = facts.repositories.get(name)?.snapshots ?? [];
      return [name, [...new Set(intents.flatMap((intent) => snapshotsOf(intent, held)))]] as const;
    }),
  );
}

function snapshotsOf(entry: RestoreEntry, held: readonly GuestSnapshot[]): readonly GuestSnapshot[] {
  if ('select' in entry) return groupCandidates(entry, held);
  const found = findRestoreSnapshot(entry, held);
  return 'snapshot' in found ? [found.snapshot] : [];
}
