import type { Retention } from '../../config/site.ts';

/** A snapshot as the rules see it. */
export interface DatedSnapshot {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Of the clock that hours, days and years are read from, east positive: that of the snapshot itself. */
  readonly offsetMinutes: number;
}

export type KeepRule =
  | 'keep-last'
  | 'keep-hourly'
  | 'keep-daily'
  | 'keep-weekly'
  | 'keep-monthly'
  | 'keep-yearly'
  | 'keep-within';

/**
 * Which rules want which of one line's snapshots, with the meaning of `restic forget` 0.14 (its documentation, "Removing
 * snapshots according to a policy"): each rule goes from the newest to the oldest by itself and takes the newest of each
 * hour, day, ISO week, month or year that has any, as many as it was told; `keep-within` counts from the newest one.
 * @returns the rules by id; what no rule wants is not in it
 */
export function keepRules(
  snapshots: readonly DatedSnapshot[],
  retention: Retention,
): ReadonlyMap<string, readonly KeepRule[]> {
  const newestFirst = snapshots.toSorted((a, b) => b.time - a.time);
  const kept = new Map<string, KeepRule[]>();
  for (const [rule, wants] of rulesOf(newestFirst, retention)) {
    for (const snapshot of newestFirst)
      if (wants(snapshot)) kept.set(snapshot.id, [...(kept.get(snapshot.id) ?? []), rule]);
  }
  return kept;
}

/** Is asked from the newest to the oldest, once each. */
type Wants = (snapshot: DatedSnapshot) => boolean;

function rulesOf(
  [newest]: readonly DatedSnapshot[],
  { last, hourly, daily, weekly, monthly, yearly, withinMs }: Retention,
): readonly (readonly [KeepRule, Wants])[] {
  const since = withinMs === undefined || newest === undefined ? undefined : newest.time - withinMs;
  return [
    ['keep-last', oneOfEach(last, ({ id }) => id)],
    ['keep-hourly', oneOfEach(hourly, (one) => wallClock(one).slice(0, 13))],
    ['keep-daily', oneOfEach(daily, (one) => wallClock(one).slice(0, 10))],
    ['keep-weekly', oneOfEach(weekly, isoWeek)],
    ['keep-monthly', oneOfEach(monthly, (one) => wallClock(one).slice(0, 7))],
    ['keep-yearly', oneOfEach(yearly, (one) => wallClock(one).slice(0, 4))],
    ['keep-within', ({ time }) => since !== undefined && time > since],
  ];
}

function oneOfEach(count: number | undefined, periodOf: (snapshot: DatedSnapshot) => string): Wants {
  let left = count ?? 0;
  let last: string | undefined;
  return (snapshot) => {
    if (left === 0) return false;
    const period = periodOf(snapshot);
    if (period === last) return false;
    left -= 1;
    last = period;
    return true;
  };
}

/** `2026-11-22T18:00:00.000` on the snapshot's own clock. */
function wallClock({ time, offsetMinutes }: DatedSnapshot): string {
  return new Date(time + offsetMinutes * 60_000).toISOString().slice(0, -1);
}

/** `2026-W47`: a week begins on Monday and belongs to the year of its Thursday (ISO 8601). */
function isoWeek({ time, offsetMinutes }: DatedSnapshot): string {
  const day = Math.floor((time + offsetMinutes * 60_000) / DAY_MS);
  // 1970-01-01 was a Thursday.
  const thursday = Math.floor((day + 3) / 7) * 7;
  const year = new Date(thursday * DAY_MS).getUTCFullYear();
  const week = Math.floor((thursday * DAY_MS - Date.UTC(year, 0, 1)) / DAY_MS / 7) + 1;
  return `${year}-W${week}`;
}

const DAY_MS = 86_400_000;
