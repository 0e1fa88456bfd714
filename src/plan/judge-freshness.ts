import { dueAgeMs } from './due-age.ts';
import type { DueReason } from './plan.ts';

/** As much of a snapshot as its freshness takes. */
interface Dated {
  readonly id: string;
  /** The id it had before restic rewrote it. */
  readonly original?: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** What a repository holds of one guest, or of one node's configuration. */
export interface History<Snapshot extends Dated> {
  /** Of a guest those of its line. */
  readonly snapshots: readonly Snapshot[];
  /** How many other machines with its vmid were backed up from its cluster. */
  readonly otherLines: number;
}

/** What one policy asks of the newest backup. */
export interface Demand {
  /** Undefined: no policy asks, the cadence alone. */
  readonly policy: string | undefined;
  readonly rpoMs: number;
  /**
   * With a schedule, its last moment, or one that is as near as clocks differ: a backup since then is asked for, and the rpo says
   * only what is out of policy.
   */
  readonly scheduledAt?: number;
}

export type Freshness<Snapshot extends Dated, Asked extends Demand> =
  | { readonly kind: 'due'; readonly due: readonly DueDemand<Asked>[]; readonly newest?: Snapshot }
  | { readonly kind: 'fresh'; readonly newest: Snapshot; readonly ageMs: number };

export interface DueDemand<Asked extends Demand> {
  readonly demand: Asked;
  readonly reason: DueReason;
}

export interface FreshnessTerms {
  readonly now: number;
  readonly cadenceMs: number;
  /** How long making one usually takes; 0 when it is not known. */
  readonly durationMs: number;
  /** Snapshots that are known to be damaged, by id or original: they count as if they were not there. */
  readonly damaged: ReadonlySet<string>;
}

/** Clocks of machines that keep time may differ by this much before it is worth a word: five minutes. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

/**
 * Whether a guest, or a node's configuration, needs a backup now, and for which of those that ask; the strictest comes first. Age
 * counts from the start of the dump. Backups that claim a time after now prove nothing: the newest one before decides, so
 * that one such backup is answered by one new backup.
 */
export function judgeFreshness<Snapshot extends Dated, Asked extends Demand>(
  history: History<Snapshot>,
  demands: readonly Asked[],
  terms: FreshnessTerms,
): Freshness<Snapshot, Asked> {
  const { now, damaged } = terms;
  const strictestFirst = demands.toSorted((a, b) => a.rpoMs - b.rpoMs);
  const forAll = (reason: DueReason) => strictestFirst.map((demand) => ({ demand, reason }));
  const newest = newestOf(history.snapshots);
  if (newest === undefined) return { kind: 'due', due: forAll(firstBackupReason(history)) };
  const good = newestOf(
    history.snapshots.filter((one) => one.time <= now + CLOCK_TOLERANCE_MS && !isNamed(one, damaged)),
  );
  const age = good && { ms: Math.max(0, now - good.time), madeAt: good.time };
  const due = strictestFirst.filter((demand) => age === undefined || isDue(age, demand, terms));
  if (good !== undefined && age !== undefined && due.length === 0)
    return { kind: 'fresh', newest: good, ageMs: age.ms };
  return {
    kind: 'due',
    due: due.map((demand) => ({
      demand,
      reason:
        newest === good && age !== undefined ? ageReason(age.ms, demand, terms) : disproof(newest, terms),
    })),
    newest,
  };
}

/** The latest; of several at the same moment the one with the smallest id. */
export function newestOf<Snapshot extends Dated>(snapshots: readonly Snapshot[]): Snapshot | undefined {
  return snapshots.reduce<Snapshot | undefined>((best, snapshot) => {
    if (best === undefined || snapshot.time > best.time) return snapshot;
    return snapshot.time === best.time && snapshot.id < best.id ? snapshot : best;
  }, undefined);
}

/** By its id, or by the one it had before restic rewrote it. */
export function isNamed(
  { id, original }: Pick<Dated, 'id' | 'original'>,
  ids: { has(id: string): boolean },
): boolean {
  return ids.has(id) || (original !== undefined && ids.has(original));
}

function isDue(
  age: { readonly ms: number; readonly madeAt: number },
  { rpoMs, scheduledAt }: Demand,
  { cadenceMs, durationMs }: FreshnessTerms,
): boolean {
  if (scheduledAt === undefined) return age.ms > dueAgeMs({ rpoMs, cadenceMs, durationMs });
  return age.madeAt < scheduledAt - CLOCK_TOLERANCE_MS || age.ms > rpoMs;
}

function firstBackupReason({ otherLines }: { readonly otherLines: number }): DueReason {
  return otherLines > 0 ? { kind: 'vmid-reused', otherLines } : { kind: 'never-backed-up' };
}

/** Why the newest backup, which there is, does not count. */
function disproof(newest: Dated, { now, damaged }: FreshnessTerms): DueReason {
  return isNamed(newest, damaged)
    ? { kind: 'newest-damaged', snapshot: newest.id, ageMs: Math.max(0, now - newest.time) }
    : { kind: 'clock-behind', aheadMs: newest.time - now };
}

function ageReason(
  ageMs: number,
  { rpoMs, policy, scheduledAt }: Demand,
  { cadenceMs, now }: Pick<FreshnessTerms, 'cadenceMs' | 'now'>,
): DueReason {
  if (ageMs > rpoMs) return { kind: 'too-old', ageMs, rpoMs, policy };
  if (scheduledAt !== undefined)
    return { kind: 'scheduled', ageMs, sinceMs: Math.max(0, now - scheduledAt), policy };
  return { kind: 'too-old-before-next-run', ageMs, rpoMs, cadenceMs, policy };
}
