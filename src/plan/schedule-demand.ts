import type { BackupPolicy } from '../config/site.ts';
import { lastMoment } from '../schedule/cron-moments.ts';
import { isInWindow, nextClosing, nextOpening } from '../schedule/daily-window.ts';
import { CLOCK_TOLERANCE_MS, type Demand, type DueDemand } from './judge-freshness.ts';

/** What a policy asks of the newest backup now, and whether one may begin. */
export interface PolicyDemand extends Demand {
  readonly policy: string;
  readonly opening: Opening;
}

export type Opening =
  | { readonly kind: 'always' }
  | { readonly kind: 'open'; readonly closesAt: number }
  | { readonly kind: 'closed'; readonly opensAt: number };

/**
 * A run that is started at the moment of a schedule may see it come a little later: what is that near counts as come.
 * @param now milliseconds since 1970
 */
export function demandOf(policy: BackupPolicy, now: number): PolicyDemand {
  const { name, rpoMs, schedule } = policy;
  const scheduledAt = schedule && lastMoment(schedule.line, schedule.timeZone, now + CLOCK_TOLERANCE_MS);
  return {
    policy: name,
    rpoMs,
    ...(scheduledAt !== undefined && { scheduledAt }),
    opening: openingOf(policy, now),
  };
}

/**
 * A dump satisfies all policies at once, so it begins as soon as any that makes it due lets it.
 * @param due not empty, the strictest first
 */
export function whenItMayBegin(due: readonly DueDemand<PolicyDemand>[]): {
  /** What is said of why. */
  readonly deciding: DueDemand<PolicyDemand>;
  readonly notAfter?: number;
  readonly waits?: { readonly policy: string; readonly opensAt: number };
} {
  const open = due.filter(({ demand }) => demand.opening.kind !== 'closed');
  const deciding = open[0] ?? due[0];
  if (deciding === undefined) throw new Error('a backup is due, and nobody asks for it');
  const openings = due.flatMap(({ demand: { policy, opening } }) =>
    opening.kind === 'closed' ? [{ policy, opensAt: opening.opensAt }] : [],
  );
  const [first] = openings.toSorted((a, b) => a.opensAt - b.opensAt);
  if (open.length === 0 && first !== undefined) return { deciding, waits: first };
  const closings = open.map(({ demand: { opening } }) =>
    opening.kind === 'open' ? opening.closesAt : Number.POSITIVE_INFINITY,
  );
  const notAfter = Math.max(...closings);
  return { deciding, ...(Number.isFinite(notAfter) && { notAfter }) };
}

function openingOf({ window }: BackupPolicy, now: number): Opening {
  if (window === undefined || window.to - window.from === 24 * 60) return { kind: 'always' };
  return isInWindow(window, now)
    ? { kind: 'open', closesAt: nextClosing(window, now) }
    : { kind: 'closed', opensAt: nextOpening(window, now) };
}
