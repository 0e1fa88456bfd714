import type { ItemOutcome } from '../../apply/apply-event.ts';
import type { ItemResult } from '../../apply/run-plan.ts';
import { formatBytes } from './quantities.ts';

/** `3 backed up, 1 failed: 66 GiB of guests, 1.2 GiB new (0.4 GiB stored)` */
export function runSummary(results: readonly ItemResult[]): string {
  const counts = [
    ['adopted', 'joined'],
    ['backed-up', 'backed up'],
    ['already-backed-up', 'backed up by another run'],
    ['config-kept', 'node configurations kept', 'node configuration kept'],
    ['restored', 'restored'],
    ['verified', 'verified'],
    ['forgotten', 'snapshots forgotten', 'snapshot forgotten'],
    ['pruned', 'pruned'],
    ['failed', 'failed'],
    ['unreachable', 'unreachable'],
    ['stale', 'stale'],
    ['skipped', 'skipped'],
  ] as const;
  const parts = counts.flatMap(([kind, many, one = many]) => {
    const count = results.reduce(
      (sum, { outcome }) => sum + (outcome.kind === kind ? weightOf(outcome) : 0),
      0,
    );
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
  const reports = results.flatMap(({ outcome }) => (outcome.kind === 'backed-up' ? [outcome.report] : []));
  const sum = (pick: (report: (typeof reports)[number]) => number) =>
    formatBytes(reports.reduce((total, report) => total + pick(report), 0));
  const amounts =
    reports.length === 0
      ? ''
      : `: ${sum((r) => r.diskBytes)} of guests, ${sum((r) => r.newBytes)} new (${sum((r) => r.storedBytes)} stored)`;
  return `${parts.join(', ')}${amounts}\n`;
}

/** Of forgetting the snapshots count. */
function weightOf(outcome: ItemOutcome): number {
  return outcome.kind === 'forgotten' ? outcome.snapshots.length : 1;
}
