import type { BackupPolicy, SkipPolicy } from '../config/site.ts';
import { formatDay, localTime } from '../schedule/zoned-time.ts';
import type { SkippedGuest } from './plan.ts';
import type { PlanProblem } from './plan-problem.ts';
import { guestLabel } from './reached-hosts.ts';
import type { Candidate } from './select-guests.ts';

export interface SkippedGuests {
  /** By the key of the guest. */
  readonly byKey: ReadonlyMap<string, SkippedGuest>;
  readonly guests: readonly SkippedGuest[];
  /** Policies that select one of them by its number: somebody wants it, and somebody does not. */
  readonly contradictions: (candidates: readonly Candidate<BackupPolicy>[]) => readonly PlanProblem[];
}

/** Until its last day has passed. @param now milliseconds since 1970 */
export function isSkipping({ until, timeZone }: SkipPolicy, now: number): boolean {
  return formatDay(localTime(now, timeZone)) <= until;
}

/** What policies that skip have selected; each guest by the first of them. */
export function skippedGuests(candidates: readonly Candidate<SkipPolicy>[]): SkippedGuests {
  const byKey = new Map<string, SkippedGuest>();
  for (const { key, policy, host, guest, verdict } of candidates) {
    if (verdict !== 'selected' || byKey.has(key)) continue;
    const { name, reason, owner, until } = policy;
    byKey.set(key, { host: host.entry.name, guest: guestLabel(guest), policy: name, reason, owner, until });
  }
  return {
    byKey,
    guests: [...byKey.values()],
    contradictions: (others) => contradictions(byKey, others),
  };
}

function contradictions(
  skipped: ReadonlyMap<string, SkippedGuest>,
  candidates: readonly Candidate<BackupPolicy>[],
): readonly PlanProblem[] {
  const byNumber = candidates.filter(
    ({ key, policy, verdict }) => skipped.has(key) && policy.select.kind === 'vmid' && verdict === 'selected',
  );
  return [...Map.groupBy(byNumber, ({ key }) => key)].flatMap(([key, group]): readonly PlanProblem[] => {
    const one = skipped.get(key);
    if (one === undefined) return [];
    const policies = [...new Set(group.map(({ policy }) => policy.name))];
    const { host, guest, policy: skippedBy } = one;
    return [{ kind: 'skip-contradicts', host, guest, policies, skippedBy }];
  });
}
