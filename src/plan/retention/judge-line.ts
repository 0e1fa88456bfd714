import type { BackupPolicy } from '../../config/site.ts';
import type { GuestSnapshot, RepositoryFacts } from '../facts.ts';
import { isNamed, newestOf } from '../judge-freshness.ts';
import type { KeepReason, KeptSnapshot } from './forget-plan.ts';
import { type DatedSnapshot, keepRules } from './keep-rules.ts';

export interface LineVerdict {
  /** Oldest first. */
  readonly forget: readonly GuestSnapshot[];
  /** Oldest first. */
  readonly keep: readonly KeptSnapshot[];
}

/** What must never go, whatever rules say. */
export interface Protection extends Pick<RepositoryFacts, 'pinned' | 'damaged'> {
  /** Ids of those that this plan restores: were that to fail, it is tried again. */
  readonly restoring?: ReadonlySet<string>;
}

/**
 * Which snapshots of a line stay. One stays when any policy wants it, when it is pinned, or when it is the newest that is not
 * known to be damaged.
 * @param expected a backup that is about to be made: it takes its place in the rules, and is the last good one then
 */
export function judgeLine(
  snapshots: readonly GuestSnapshot[],
  policies: readonly BackupPolicy[],
  {
    protection,
    expected,
  }: { readonly protection: Protection; readonly expected?: DatedSnapshot | undefined },
): LineVerdict {
  const oldestFirst = snapshots.toSorted((a, b) => a.time - b.time);
  const wishes = policies.map((policy) => wishOf(policy, snapshots, expected));
  const isDamaged = (snapshot: GuestSnapshot) => isNamed(snapshot, protection.damaged);
  const lastGood =
    expected === undefined
      ? (newestOf(snapshots.filter((one) => !isDamaged(one))) ?? newestOf(snapshots))
      : undefined;
  const judged = oldestFirst.map(
    (snapshot): KeptSnapshot => ({
      snapshot,
      by: [
        ...wishes.flatMap((wish) => wish(snapshot) ?? []),
        ...(isNamed(snapshot, protection.pinned) ? [{ kind: 'pinned' } as const] : []),
        ...(protection.restoring?.has(snapshot.id) === true ? [{ kind: 'restored-now' } as const] : []),
        ...(snapshot === lastGood ? [{ kind: 'last-good' } as const] : []),
      ],
    }),
  );
  return {
    forget: judged.filter(({ by }) => by.length === 0).map(({ snapshot }) => snapshot),
    keep: judged.filter(({ by }) => by.length > 0),
  };
}

/** Why a policy wants a snapshot; undefined when it does not. */
type Wish = (snapshot: GuestSnapshot) => KeepReason | undefined;

function wishOf(
  { name: policy, retention }: BackupPolicy,
  snapshots: readonly GuestSnapshot[],
  expected: DatedSnapshot | undefined,
): Wish {
  if (retention === undefined) return () => ({ kind: 'kept-all', policy });
  const rules = keepRules(expected === undefined ? snapshots : [...snapshots, expected], retention);
  return ({ id }) => {
    const wanting = rules.get(id);
    return wanting && { kind: 'rules', policy, rules: wanting };
  };
}
