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
    const usualBytes = usualNewBytes(oldestFirst.slice(0, at));
    const newBytes = snapshot?.history?.newBytes ?? 0;
    if (snapshot === undefined || newBytes <= mostNewBytes(usualBytes)) continue;
    return isNamed(snapshot, acknowledged) ? undefined : { snapshot, newBytes, usualBytes };
  }
  return undefined;
}

/**
 * How much new data the next backup of a line may bring before it is suspicious; undefined while nothing is usual.
 * @param snapshots of the line, in any order
 */
export function growthLimit(snapshots: readonly GuestSnapshot[]): number | undefined {
  const oldestFirst = snapshots
    .filter(({ history }) => history !== undefined)
    .toSorted((a, b) => a.time - b.time);
  return oldestFirst.length > LEAST_HISTORY ? mostNewBytes(usualNewBytes(oldestFirst)) : undefined;
}

function mostNewBytes(usualBytes: number): number {
  return Math.max(LEAST_BYTES, TIMES * usualBytes);
}

/** Of the last ones, without the first of the line. */
function usualNewBytes(oldestFirst: readonly GuestSnapshot[]): number {
  const last = oldestFirst.slice(Math.max(1, oldestFirst.length - REMEMBERED));
  return median(last.flatMap(({ history }) => history?.newBytes ?? []));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
