import {
  type BackupReport,
  type ItemLabel,
  type ItemOutcome,
  isDone,
  type NodeConfigReport,
  type Progress,
} from '../../apply/apply-event.ts';
import type { Retry } from '../../transport/with-retries.ts';
import { guestText } from './guest-text.ts';
import { pruneReportText } from './prune-report-text.ts';
import { count, formatBytes, formatDuration } from './quantities.ts';
import { staleReasonText } from './stale-reason-text.ts';
import { terminalSafe } from './terminal-safe.ts';

/** `backup qemu/101 web-1`, `backup node fra1` */
export function labelText(label: ItemLabel): string {
  switch (label.kind) {
    case 'restore':
      return terminalSafe(`restore ${label.guest} as ${label.vmid} on ${label.host}`);
    case 'node-config':
      return terminalSafe(`backup node ${label.node}`);
    case 'forget':
      return terminalSafe(`forget ${count(label.snapshots, 'snapshot')} of ${guestText(label.guest)}`);
    case 'prune':
      return terminalSafe(`prune ${label.repository}`);
    case 'adopt':
      return terminalSafe(`join the history of ${guestText(label.guest)}`);
    case 'verify':
      return terminalSafe(`verify ${guestText(label.guest)}`);
    case 'backup':
      return terminalSafe(`backup ${guestText(label.guest)}`);
  }
}

/** `42 %, 27 GiB of 64 GiB, 310 MiB/s, 1.1 GiB new, 2 min left`, `restoring on the node, 42 %` */
export function progressText(progress: Progress): string {
  const { phase, doneBytes, totalBytes, newBytes, elapsedMs } = progress;
  if (phase === 'committing') return 'storing the index and the snapshot';
  if (phase === 'restoring')
    return ['restoring on the node', ...(doneBytes > 0 ? percentOf(progress) : [])].join(', ');
  if (phase === 'pruning') return ['looks for what no snapshot needs', ...percentOf(progress)].join(', ');
  if (phase === 'verifying' && doneBytes === 0) return 'looks at what is there';
  const rate = elapsedMs > 0 ? (doneBytes / elapsedMs) * 1000 : 0;
  const parts = [
    ...percentOf(progress),
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

/** At most one; none where there is no telling. */
function percentOf({ doneBytes, totalBytes = 0 }: Progress): readonly string[] {
  return totalBytes === 0 ? [] : [`${Math.floor((doneBytes / totalBytes) * 100)} %`];
}

/** `cannot reach 10.0.0.10:22: connection refused; again in 4 s` */
export function retryText({ reason, pauseMs }: Retry): string {
  return terminalSafe(`${reason}; again in ${formatDuration(pauseMs)}`);
}

/** What came of it, one line. */
export function outcomeText(outcome: ItemOutcome): string {
  switch (outcome.kind) {
    case 'backed-up':
      return backupText(outcome.report.diskBytes, outcome.report);
    case 'already-backed-up':
      return `another run has backed it up meanwhile, snapshot ${outcome.snapshot.slice(0, 8)}`;
    case 'adopted':
      return `${count(outcome.snapshots, 'snapshot')} from where it was`;
    case 'config-kept':
      return backupText(outcome.report.archiveBytes, outcome.report);
    case 'restored': {
      const { report } = outcome;
      const left = report.archiveLeft === undefined ? '' : `, archive left at ${report.archiveLeft}`;
      const notes = report.notes.map((note) => `; ${note}`).join('');
      return terminalSafe(
        `${formatBytes(report.archiveBytes)} in ${elapsedText(report.elapsedMs)} from snapshot ${report.snapshot.slice(0, 8)}${left}${notes}`,
      );
    }
    case 'verified':
      return `snapshot ${outcome.snapshot.slice(0, 8)} is whole, all read in ${elapsedText(outcome.elapsedMs)}`;
    case 'forgotten':
      return outcome.snapshots.map((id) => id.slice(0, 8)).join(' ');
    case 'pruned':
      return pruneReportText(outcome.report);
    case 'failed':
    case 'unreachable': {
      const reason = outcome.hint === undefined ? outcome.reason : `${outcome.reason} (${outcome.hint})`;
      return terminalSafe([reason, ...outcome.left].join('; '));
    }
    case 'stale':
      return terminalSafe(`stale: ${staleReasonText(outcome.why)}`);
    case 'skipped':
      return terminalSafe(outcome.reason);
  }
}

function backupText(bytes: number, report: BackupReport | NodeConfigReport): string {
  const { newBytes, storedBytes, elapsedMs, snapshot, warnings } = report;
  const grown = `${formatBytes(newBytes)} new (${formatBytes(storedBytes)} stored)`;
  const warned =
    warnings.length === 0 ? '' : `, ${count(warnings.length, 'warning')}: ${warnings.join('; ')}`;
  return terminalSafe(
    `${formatBytes(bytes)} in ${elapsedText(elapsedMs)}, ${grown}, snapshot ${snapshot.slice(0, 8)}${warned}`,
  );
}

/** One glyph for an outcome. */
export function outcomeGlyph(outcome: ItemOutcome): '+' | '!' | '-' {
  if (isDone(outcome)) return '+';
  return outcome.kind === 'skipped' ? '-' : '!';
}

/** A span that has passed: tenths of a second below ten seconds. */
function elapsedText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms);
}
