import type { RestoreIntent, Site } from '../config/site.ts';
import type { Facts, GuestSnapshot } from './facts.ts';
import { findRestoreSnapshot } from './find-restore-snapshot.ts';

/**
 * The snapshots that restores may take now, by repository: what they say of their guests is wanted to plan with.
 * @param named intents that are named; of those that are manual, only these count
 */
export function wantedSnapshots(
  { restores }: Pick<Site, 'restores'>,
  facts: Facts,
  named: readonly string[],
): ReadonlyMap<string, readonly GuestSnapshot[]> {
  const wanted = restores.filter(({ manual, name }) => !manual || named.includes(name));
  const byRepository = Map.groupBy(wanted, ({ repository }) => repository);
  return new Map(
    [...byRepository].map(([name, intents]) => {
      const held = facts.repositories.get(name)?.snapshots ?? [];
      return [name, [...new Set(intents.flatMap((intent) => snapshotsOf(intent, held)))]] as const;
    }),
  );
}

function snapshotsOf(intent: RestoreIntent, held: readonly GuestSnapshot[]): readonly GuestSnapshot[] {
  const found = findRestoreSnapshot(intent, held);
  return 'snapshot' in found ? [found.snapshot] : [];
}
