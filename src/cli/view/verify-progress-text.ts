import type { VerifyProgress } from '../../verify/verify-report.ts';
import { count, formatBytes, formatDuration } from './quantities.ts';

/** The first packs say nothing of how long all will take. */
const TOLD_FROM = 0.01;

/** `packs: 42 %, 90 of 214, 1.4 GiB of 3.4 GiB, 310 MiB/s, 6 s left; 1 fault` */
export function verifyProgressText(progress: VerifyProgress): string {
  const faults = progress.faults === 0 ? '' : `; ${count(progress.faults, 'fault')}`;
  return `${phaseText(progress)}${faults}`;
}

function phaseText(progress: VerifyProgress): string {
  const { phase, done, total = done } = progress;
  switch (phase) {
    case 'trees':
      return `${count(done, 'tree')} read`;
    case 'contents':
      return `lists of snapshots: ${done} of ${total}`;
    case 'packs':
    case 'archives':
      return `${phase === 'packs' ? 'packs' : "containers' archives"}: ${amountText(progress)}`;
    case 'tracing':
      return `looking which snapshots are touched: ${done} of ${total}`;
  }
}

function amountText({ done, total, doneBytes, totalBytes, elapsedMs }: VerifyProgress): string {
  const rate = elapsedMs > 0 ? (doneBytes / elapsedMs) * 1000 : 0;
  const parts = [
    ...(totalBytes > 0 ? [`${Math.floor((doneBytes / totalBytes) * 100)} %`] : []),
    `${done} of ${total ?? done}`,
    `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
    `${formatBytes(rate)}/s`,
    ...(doneBytes > totalBytes * TOLD_FROM
      ? [`${formatDuration((Math.max(0, totalBytes - doneBytes) / rate) * 1000)} left`]
      : []),
  ];
  return parts.join(', ');
}
