import type { GuestSnapshot } from '../facts.ts';
import { isNamed } from '../judge-freshness.ts';

/** A backup that brought far more new data than those before it: was the guest encrypted from within? */
export interface Growth {
  readonly snapshot: GuestSnapshot;
  readonly newBytes: number;
  /** The median of those before it. */
  readonly usualBytes: number;
}

/** Below this nothing is worth a word. */
const LEAST_BYTES = 2 ** 30;
const TIMES = 10;
/** So many backups must have been made before anything is usual. The first of a line is never among them: all of it was new. */
const LEAST_HISTORY = 3;
const REMEMBERED = 10;

/**
 * The newest backup of a line that is out of proportion and that nobody has looked at. One that is followed by quiet ones
 * counts all the same: what is encrypted once does not change any more.
 * @param snapshots of one line, in any order
 */
export function suspiciousGrowth(
  snapshots: readonly GuestSnapshot[],
  acknowledged: ReadonlySet<string>,
): Growth | undefined {
  const oldestFirst = snapshots
    .filter(({ history }) => history !== undefined)
    .toSorted((a, b) => a.time - b.time);
  for (let at = oldestFirst.length - 1; at > LEAST_HISTORY; at--) {
    const snapshot = oldestFirst[at];
    const before = oldestFirst.slice(Math.max(1, at - REMEMBERED), at);
    const usualBytes = median(before.flatMap(({ history }) => history?.newBytes ?? []));
    const newBytes = snapshot?.history?.newBytes ?? 0;
    if (snapshot === undefined || newBytes <= Math.max(LEAST_BYTES, TIMES * usualBytes)) continue;
    return isNamed(snapshot, acknowledged) ? undefined : { snapshot, newBytes, usualBytes };
  }
  return undefined;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
