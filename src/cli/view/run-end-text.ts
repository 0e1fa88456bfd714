import { type ExpectedRun, expectedRun } from '../../plan/expected-run.ts';
import type { Plan } from '../../plan/plan.ts';
import { count, formatDuration, formatMoment } from './quantities.ts';

/**
 * When the backups of a plan are likely to be done: `Ends about Mon 23 Nov 05:20 CET. Longest: fra2 3 h 20 min.` Undefined where
 * nothing tells.
 */
export function runEndText(
  { backups, madeAt }: Plan,
  { parallel, timeZone }: { readonly parallel: number; readonly timeZone: string },
): string | undefined {
  const run = expectedRun(backups, parallel);
  if (run.longest === undefined) return undefined;
  const { node, durationMs } = run.longest;
  const end = formatMoment(madeAt + run.durationMs, timeZone);
  return `Ends ${run.unknown === 0 ? 'about' : 'after'} ${end}${unknownText(run)}. Longest: ${node} ${formatDuration(durationMs)}.`;
}

function unknownText({ unknown }: ExpectedRun): string {
  return unknown === 0 ? '' : `, with ${count(unknown, 'guest')} of unknown duration`;
}
