import type { RestoreIntent } from '../config/site.ts';
import { formatGuestRef } from '../pve/guest.ts';
import type { GuestSnapshot } from './facts.ts';
import { newestOf } from './judge-freshness.ts';
import type { PlanProblem } from './plan-problem.ts';

type Found = { readonly snapshot: GuestSnapshot } | { readonly problem: PlanProblem };

/**
 * The snapshot that an intent means: the newest of the guest from that host, or the newest from before a moment, or the only
 * one whose id, or the id it had before it was rewritten, begins with the wanted digits.
 */
export function findRestoreSnapshot(intent: RestoreIntent, snapshots: readonly GuestSnapshot[]): Found {
  const guest = formatGuestRef(intent.guest);
  const ofGuest = snapshots.filter(
    (snapshot) => snapshot.hostId === intent.fromHostId && formatGuestRef(snapshot.guest) === guest,
  );
  const wanted = intent.snapshot;
  const { before = Number.POSITIVE_INFINITY } = intent;
  const matching = ofGuest.filter((snapshot) =>
    wanted === 'latest' ? snapshot.time < before : isNamed(snapshot, wanted),
  );
  const snapshot = newestOf(matching);
  if (snapshot === undefined)
    return { problem: { kind: 'restore-snapshot-missing', intent: intent.name, wanted: wishText(intent) } };
  const matches = new Set(matching.map((one) => one.original ?? one.id)).size;
  return wanted === 'latest' || matches === 1
    ? { snapshot }
    : { problem: { kind: 'restore-snapshot-ambiguous', intent: intent.name, wanted, matches } };
}

/** `latest before 2026-11-01T00:00:00.000Z` */
function wishText({ snapshot, before }: RestoreIntent): string {
  return before === undefined ? snapshot : `${snapshot} before ${new Date(before).toISOString()}`;
}

function isNamed({ id, original }: GuestSnapshot, prefix: string): boolean {
  const wanted = prefix.toLowerCase();
  return id.startsWith(wanted) || (original?.startsWith(wanted) ?? false);
}
