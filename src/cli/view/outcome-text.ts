import type { ItemLabel, ItemOutcome, Progress } from '../../apply/apply-event.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { formatBytes, formatDuration } from './quantities.ts';
import { terminalSafe } from './terminal-safe.ts';

/** `backup qemu/101 web-1` */
export function labelText(label: ItemLabel): string {
  if (label.kind === 'restore')
    return terminalSafe(`restore ${label.guest} as ${label.vmid} on ${label.host}`);
  const { ref, name } = label.guest;
  return terminalSafe(`backup ${formatGuestRef(ref)}${name === undefined ? '' : ` ${name}`}`);
}

/** `42 %, 27 GiB of 64 GiB, 310 MiB/s, 1.1 GiB new, 2 min left` */
export function progressText(progress: Progress): string {
  const { phase, doneBytes, totalBytes, newBytes, elapsedMs } = progress;
  if (phase === 'committing') return 'storing the index and the snapshot';
  if (phase === 'restoring') return 'archive proved; restoring on the node';
  const rate = elapsedMs > 0 ? (doneBytes / elapsedMs) * 1000 : 0;
  const parts = [
    ...(totalBytes === undefined || totalBytes === 0
      ? []
      : [`${Math.floor((doneBytes / totalBytes) * 100)} %`]),
    totalBytes === undefined
      ? formatBytes(doneBytes)
      : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
    `${formatBytes(rate)}/s`,
    ...(newBytes === undefined ? [] : [`${formatBytes(newBytes)} new`]),
    ...(totalBytes === undefined || rate === 0
      ? []
      : [`${formatDuration(((totalBytes - doneBytes) / rate) * 1000)} left`]),
  ];
  return parts.join(', ');
}

/** What came of it, one line. */
export function outcomeText(outcome: ItemOutcome): string {
  switch (outcome.kind) {
    case 'backed-up': {
      const { report } = outcome;
      const warnings =
        report.warnings.length === 0
          ? ''
          : `, ${report.warnings.length} warning${report.warnings.length === 1 ? '' : 's'}: ${report.warnings.join('; ')}`;
      const grown = `${formatBytes(report.newBytes)} new (${formatBytes(report.storedBytes)} stored)`;
      return terminalSafe(
        `${formatBytes(report.diskBytes)} in ${elapsedText(report.elapsedMs)}, ${grown}, snapshot ${report.snapshot.slice(0, 8)}${warnings}`,
      );
    }
    case 'restored': {
      const { report } = outcome;
      const left = report.archiveLeft === undefined ? '' : `, archive left at ${report.archiveLeft}`;
      return terminalSafe(
        `${formatBytes(report.archiveBytes)} in ${elapsedText(report.elapsedMs)} from snapshot ${report.snapshot.slice(0, 8)}${left}`,
      );
    }
    case 'failed':
    case 'unreachable':
      return terminalSafe(
        outcome.hint === undefined ? outcome.reason : `${outcome.reason} (${outcome.hint})`,
      );
    case 'skipped':
      return terminalSafe(outcome.reason);
  }
}

/** One glyph for an outcome. */
export function outcomeGlyph(outcome: ItemOutcome): '+' | '!' | '-' {
  if (outcome.kind === 'backed-up' || outcome.kind === 'restored') return '+';
  return outcome.kind === 'skipped' ? '-' : '!';
}

/** A span that has passed: tenths of a second below ten seconds. */
function elapsedText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms);
}
