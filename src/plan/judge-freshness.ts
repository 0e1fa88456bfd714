import { type DueTerms, dueAgeMs } from './due-age.ts';
import type { DueReason } from './plan.ts';

/** As much of a snapshot as its freshness takes. */
interface Dated {
  readonly id: string;
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

export type Freshness<Snapshot extends Dated> =
  | { readonly kind: 'due'; readonly reason: DueReason; readonly newest?: Snapshot }
  | { readonly kind: 'fresh'; readonly newest: Snapshot; readonly ageMs: number };

/** Clocks of machines that keep time may differ by this much before it is worth a word: five minutes. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

/**
 * Whether a guest, or a node's configuration, needs a backup now. Age counts from the start of the dump. Backups that claim a time after
 * now prove nothing: the newest one before decides, so that one such backup is answered by one new backup.
 * @param policy the strictest of those that want it in this repository; without a name where none does
 */
export function judgeFreshness<Snapshot extends Dated>(
  history: History<Snapshot>,
  policy: { readonly name: string | undefined; readonly rpoMs: number },
  { now, cadenceMs }: { readonly now: number; readonly cadenceMs: number },
): Freshness<Snapshot> {
  const newest = newestOf(history.snapshots);
  if (newest === undefined) return { kind: 'due', reason: firstBackupReason(history) };
  const past = newestOf(history.snapshots.filter((snapshot) => snapshot.time <= now + CLOCK_TOLERANCE_MS));
  const ageMs = past && Math.max(0, now - past.time);
  const terms = { rpoMs: policy.rpoMs, cadenceMs };
  if (past !== undefined && ageMs !== undefined && ageMs <= dueAgeMs(terms)) {
    return { kind: 'fresh', newest: past, ageMs };
  }
  const reason: DueReason =
    newest === past && ageMs !== undefined
      ? ageReason(ageMs, terms, policy.name)
      : { kind: 'clock-behind', aheadMs: newest.time - now };
  return { kind: 'due', reason, newest };
}

/** The latest; of several at the same moment the one with the smallest id. */
export function newestOf<Snapshot extends Dated>(snapshots: readonly Snapshot[]): Snapshot | undefined {
  return snapshots.reduce<Snapshot | undefined>((best, snapshot) => {
    if (best === undefined || snapshot.time > best.time) return snapshot;
    return snapshot.time === best.time && snapshot.id < best.id ? snapshot : best;
  }, undefined);
}

function firstBackupReason({ otherLines }: { readonly otherLines: number }): DueReason {
  return otherLines > 0 ? { kind: 'vmid-reused', otherLines } : { kind: 'never-backed-up' };
}

function ageReason(ageMs: number, { rpoMs, cadenceMs }: DueTerms, policy: string | undefined): DueReason {
  return ageMs > rpoMs
    ? { kind: 'too-old', ageMs, rpoMs, policy }
    : { kind: 'too-old-before-next-run', ageMs, rpoMs, cadenceMs, policy };
}
