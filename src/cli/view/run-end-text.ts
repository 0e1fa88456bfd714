import { type ExpectedRun, expectedRun } from '../../plan/expected-run.ts';
import type { Plan } from '../../plan/plan.ts';
import { count, formatDuration, formatMoment } from './quantities.ts';

/**
 * When the backups of a plan are likely to be done: `Backups end about Mon 23 Nov 05:20 CET. Longest: fra2 3 h 20 min.` Undefined
 * where nothing tells.
 */
export function runEndText(
  { backups, madeAt }: Plan,
  { parallel, timeZone }: { readonly parallel: number; readonly timeZone: string },
): string | undefined {
  const run = expectedRun(backups, parallel);
  if (run.longest === undefined) return undefined;
  const { node, durationMs } = run.longest;
  const about = run.unknown === 0 ? 'about' : 'after';
  const end = formatMoment(madeAt + run.durationMs, timeZone);
  const sentences = [
    `Backups end ${about} ${end}${unknownText(run)}`,
    ...windowTexts(backups, timeZone),
    `Longest: ${node} ${formatDuration(durationMs)}`,
  ];
  return sentences.map((sentence) => `${sentence}.`).join(' ');
}

/** The end of the window that closes first. */
function windowTexts(backups: Plan['backups'], timeZone: string): readonly string[] {
  const ends = backups.flatMap(({ notAfter }) => notAfter ?? []);
  return ends.length === 0 ? [] : [`Windows close from ${formatMoment(Math.min(...ends), timeZone)} on`];
}

function unknownText({ unknown }: ExpectedRun): string {
  return unknown === 0 ? '' : `, with ${count(unknown, 'guest')} of unknown duration`;
}
