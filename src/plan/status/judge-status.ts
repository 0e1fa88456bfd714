import type { BackupPolicy, Site } from '../../config/site.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { dueAgeMs } from '../due-age.ts';
import type { Facts, GuestSnapshot } from '../facts.ts';
import { followLines } from '../lines/follow-lines.ts';
import { makePlan } from '../make-plan.ts';
import type { DueReason, VerifyAction } from '../plan.ts';
import { planBackups } from '../plan-backups.ts';
import type { PlanProblem } from '../plan-problem.ts';
import { selectGuests } from '../select-guests.ts';
import type { GuestStatus, SiteStatus, StatusLevel, StatusReason } from './site-status.ts';

/**
 * Grades each guest that a policy selects.
 *
 * - critical: no backup that counts, or out of policy for longer than a run may take to put it right;
 * - warning: a regular run has passed in which it was due, or the rpo has within the last run; or a policy wants it proved, and
 *   it was not, or too long ago;
 * - ok: all else. That a guest is due is how every day ends, and no reason to wake anybody.
 *
 * What could not be asked is unknown; what is declared and not there, or locked, is a warning.
 */
export function judgeStatus(site: Site, before: Facts): SiteStatus {
  const { facts } = followLines(site, before);
  const { selected } = selectGuests(site, facts);
  const { backups, waiting, blocked, fresh } = planBackups(site, facts, selected);
  const plan = makePlan(site, before);
  const unverified = plan.verifies.filter(isOverdue);
  const judge = (entry: Judged) => withVerification(judgeGuest(entry, site, facts), unverified);
  const guests = [...backups, ...waiting, ...blocked, ...fresh].map(judge);
  const problems = plan.problems.flatMap((problem) => {
    const level = levelOfProblem(problem);
    return level === 'ok' ? [] : [{ level, problem }];
  });
  return {
    now: facts.now,
    level: worstOf([...guests, ...problems].map(({ level }) => level)),
    guests: guests.toSorted((a, b) => rankOf(b.level) - rankOf(a.level)),
    problems,
  };
}

/** A guest that is due, or one that is fresh. */
interface Judged extends Pick<GuestStatus, 'host' | 'guest' | 'policies'> {
  readonly newest?: GuestSnapshot;
  readonly reason?: DueReason;
  readonly estimate?: { readonly durationMs?: number };
}

const WORST_FIRST: readonly StatusLevel[] = ['critical', 'unknown', 'warning', 'ok'];

function rankOf(level: StatusLevel): number {
  return -WORST_FIRST.indexOf(level);
}

function worstOf(levels: readonly StatusLevel[]): StatusLevel {
  return WORST_FIRST.find((level) => levels.includes(level)) ?? 'ok';
}

function judgeGuest(entry: Judged, site: Site, facts: Facts): GuestStatus {
  const { host, guest, policies, newest } = entry;
  const policiesOf = site.backups.filter(({ name }) => policies.includes(name));
  const rpoMs = Math.min(...policiesOf.map((policy) => policy.rpoMs));
  const ageMs = newest && Math.max(0, facts.now - newest.time);
  const verifiedAt = newest && verifiedTime(newest, policiesOf, facts);
  const why = reasonOf(entry, { rpoMs, ageMs, site });
  return {
    level: levelOf(why),
    why,
    host,
    guest,
    policies,
    rpoMs,
    ...(newest !== undefined && { newest }),
    ...(ageMs !== undefined && { ageMs }),
    ...(verifiedAt !== undefined && { verifiedAt }),
  };
}

/** One that is merely due is verified by the next run. */
function isOverdue({ reason }: VerifyAction): boolean {
  return reason.kind === 'never-verified' || reason.agoMs > reason.withinMs;
}

/** A guest that is well otherwise is still to be proved where a policy asks for that. */
function withVerification(status: GuestStatus, unverified: readonly VerifyAction[]): GuestStatus {
  const { host, guest, level } = status;
  const name = formatGuestRef(guest.ref);
  const asked = unverified.find((one) => one.host === host && formatGuestRef(one.guest.ref) === name);
  if (asked === undefined || level !== 'ok') return status;
  const why: StatusReason = { kind: 'unverified', reason: asked.reason };
  return { ...status, why, level: levelOf(why) };
}

/** Of the newest, or else of the last one that was read whole. */
function verifiedTime(
  { id, original = id, hostId, guest }: GuestSnapshot,
  policies: readonly BackupPolicy[],
  facts: Facts,
): number | undefined {
  const times = policies.flatMap(({ repository }) => {
    const { verified, proved } = facts.repositories.get(repository) ?? {};
    const last = proved?.get(`${hostId} /${formatGuestRef(guest)}`)?.provedAt;
    return verified?.get(id) ?? verified?.get(original) ?? last ?? [];
  });
  return times.length === 0 ? undefined : Math.max(...times);
}

interface Terms {
  readonly rpoMs: number;
  readonly ageMs: number | undefined;
  readonly site: Site;
}

function reasonOf({ reason, estimate }: Judged, { rpoMs, ageMs, site }: Terms): StatusReason {
  if (reason === undefined) return { kind: 'fresh' };
  const { cadenceMs } = site;
  const durationMs = estimate?.durationMs ?? 0;
  const runMs = cadenceMs * RUN_SHARE + durationMs;
  switch (reason.kind) {
    case 'never-backed-up':
    case 'vmid-reused':
    case 'newest-damaged':
      return { kind: 'none', reason };
    case 'clock-behind':
      return { kind: 'clock' };
    case 'scheduled':
      return gradeAge(ageMs ?? 0, {
        missedMs: (ageMs ?? 0) - reason.sinceMs + cadenceMs + runMs,
        outMs: rpoMs + runMs,
      });
    case 'too-old':
    case 'too-old-before-next-run': {
      const runs = Math.ceil(dueAgeMs({ rpoMs, cadenceMs, durationMs }) / cadenceMs);
      const missedMs = Math.min(runs * cadenceMs + runMs, rpoMs);
      return gradeAge(ageMs ?? reason.ageMs, { missedMs, outMs: rpoMs + runMs });
    }
  }
}

/** A run is taken to last this share of the cadence, and as long as the guest's own dump. */
const RUN_SHARE = 1 / 48;

function gradeAge(
  ageMs: number,
  { missedMs, outMs }: { readonly missedMs: number; readonly outMs: number },
): StatusReason {
  if (ageMs > outMs) return { kind: 'out-of-policy' };
  return { kind: ageMs > missedMs ? 'missed' : 'due' };
}

function levelOf({ kind }: StatusReason): StatusLevel {
  switch (kind) {
    case 'fresh':
    case 'due':
      return 'ok';
    case 'missed':
    case 'unverified':
      return 'warning';
    case 'out-of-policy':
    case 'none':
      return 'critical';
    case 'clock':
      return 'unknown';
  }
}

/** Restores say nothing of how restorable the site is. */
function levelOfProblem(problem: PlanProblem): StatusLevel {
  if (problem.kind === 'host-unreachable' || problem.kind === 'node-offline') return 'unknown';
  return 'intent' in problem ? 'ok' : 'warning';
}
