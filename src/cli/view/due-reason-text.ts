import type { DueReason } from '../../plan/plan.ts';
import { formatDuration } from './quantities.ts';

/** Why a guest is backed up, in a few words. */
export function dueReasonText(reason: DueReason): string {
  switch (reason.kind) {
    case 'never-backed-up':
      return 'never backed up';
    case 'vmid-reused':
      return 'vmid reused by a new machine';
    case 'too-old':
      return `${formatDuration(reason.ageMs)} old, rpo ${formatDuration(reason.rpoMs)}`;
    case 'too-old-before-next-run':
      return `${formatDuration(reason.ageMs)}, ${formatDuration(reason.ageMs + reason.cadenceMs)} by next run`;
    case 'scheduled':
      return `${formatDuration(reason.ageMs)} old, scheduled ${formatDuration(reason.sinceMs)} ago`;
    case 'newest-damaged':
      return `the newest, ${formatDuration(reason.ageMs)} old, is damaged`;
    case 'clock-behind':
      return `newest is ${formatDuration(reason.aheadMs)} ahead of this clock`;
  }
}
