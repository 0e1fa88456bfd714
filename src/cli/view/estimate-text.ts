import type { BackupEstimate } from '../../plan/estimate-backup.ts';
import type { BackupAction } from '../../plan/plan.ts';
import { formatBytes, formatDuration } from './quantities.ts';

/** `64 GiB, ~1 GiB new, 6 min`; what is not known is left out. */
export function estimateText(estimate: BackupEstimate): string {
  const { durationMs } = estimate;
  return joined([amountsText(estimate), durationMs === undefined ? '' : formatDuration(durationMs)]);
}

/** What is read, and what of it is new: `64 GiB, ~1 GiB new` */
export function amountsText({ readBytes, newBytes }: BackupEstimate): string {
  return joined([
    readBytes === undefined || readBytes === 0 ? '' : formatBytes(readBytes),
    newBytes === undefined ? '' : `~${formatBytes(newBytes)} new`,
  ]);
}

/** Of those of which it is known; what is known of none is absent. */
export function sumOfEstimates(backups: readonly Pick<BackupAction, 'estimate'>[]): BackupEstimate {
  const readBytes = sum(backups.map(({ estimate }) => estimate.readBytes));
  const newBytes = sum(backups.map(({ estimate }) => estimate.newBytes));
  return { ...(readBytes !== undefined && { readBytes }), ...(newBytes !== undefined && { newBytes }) };
}

function sum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(', ');
}
