import type { RepositoryFacts } from '../facts.ts';
import { isNamed } from '../judge-freshness.ts';
import type { ForgetAction } from '../retention/forget-plan.ts';
import type { FoundOrphan } from './find-orphans.ts';

/**
 * What goes of lines whose time is over: all that nobody has pinned, the last good one as well. Until then nothing of them goes,
 * as no policy says what is wanted of a machine that is gone.
 * @param now milliseconds since 1970
 */
export function forgetOrphan(
  { orphan, snapshots }: FoundOrphan,
  { now, pinned }: { readonly now: number } & Pick<RepositoryFacts, 'pinned'>,
): readonly ForgetAction[] {
  const { repository, host, guest, line, why, newestAt, keptUntil } = orphan;
  if (keptUntil === undefined || now <= keptUntil) return [];
  const forget = snapshots.filter((snapshot) => !isNamed(snapshot, pinned));
  if (forget.length === 0) return [];
  return [
    {
      kind: 'forget',
      repository,
      host,
      guest,
      policies: [],
      orphan: { line, why, newestAt, keptUntil },
      forget,
      keep: snapshots
        .filter((snapshot) => isNamed(snapshot, pinned))
        .map((snapshot) => ({ snapshot, by: [{ kind: 'pinned' }] })),
      afterBackup: false,
    },
  ];
}
