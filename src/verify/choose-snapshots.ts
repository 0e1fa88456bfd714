import type { SnapshotInspection } from '../repository/inspect-snapshots.ts';
import { UserError } from '../user-error.ts';

/**
 * Which snapshots are meant by ids or their beginnings: by the id, else by the one that a snapshot had before restic
 * rewrote it. One whose file is damaged is known by its name.
 * @param listings by name of repository
 * @returns ids by name of repository, without repositories that have none
 * @throws UserError `usage`, `snapshot-not-found`
 */
export function chooseSnapshots(
  listings: ReadonlyMap<string, SnapshotInspection>,
  wanted: readonly string[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const chosen = new Map<string, Set<string>>();
  for (const text of wanted) {
    if (!/^[0-9a-f]{4,64}$/.test(text)) throw noId(text);
    const found = [...listings].flatMap(([name, listing]) =>
      match(listing, text).map((id) => [name, id] as const),
    );
    if (found.length === 0)
      throw new UserError('snapshot-not-found', `there is no snapshot ${text}`, {
        hint: '`pvebak snapshots` lists those of guests and nodes',
      });
    for (const [name, id] of found) chosen.set(name, (chosen.get(name) ?? new Set()).add(id));
  }
  return chosen;
}

function match({ snapshots, faults }: SnapshotInspection, text: string): readonly string[] {
  const ids = [...snapshots, ...faults].map(({ id }) => id).filter((id) => id.startsWith(text));
  const matches =
    ids.length > 0 ? ids : snapshots.filter(({ original }) => original?.startsWith(text)).map(({ id }) => id);
  if (matches.length > 1)
    throw new UserError('usage', `${text} fits ${matches.length} snapshots`, {
      hint: 'give more of its digits',
    });
  return matches;
}

function noId(text: string): UserError {
  const hint = /\.ya?ml$/.test(text)
    ? `the site file is named with --site ${text}`
    : 'give at least 4 hex digits; `pvebak snapshots` lists them';
  return new UserError('usage', `${text} is no snapshot id`, { hint });
}
