import type { Plan } from '../../plan/plan.ts';
import type { ForgetAction, KeepReason, KeptSnapshot } from '../../plan/retention/forget-plan.ts';
import { guestText, listText } from './guest-text.ts';
import { formatMoment } from './quantities.ts';
import type { Row } from './text-layout.ts';

interface ForgetTextOptions {
  readonly timeZone: string;
  readonly verbose: boolean;
}

/** `FORGET 53 of 9812 snapshots` */
export function forgetTitle({ forgets }: Plan): string {
  const going = forgets.reduce((sum, { forget }) => sum + forget.length, 0);
  const all = forgets.reduce((sum, { keep }) => sum + keep.length, going);
  return `FORGET ${going} of the ${all} snapshots of these guests`;
}

/** A line for each guest: what goes, and how many stay; with `verbose` also why each of those does. */
export function forgetRows(forgets: readonly ForgetAction[], options: ForgetTextOptions): readonly Row[] {
  return forgets.flatMap((action) => [
    forgetRow(action, options),
    ...(options.verbose ? action.keep.map((kept) => keptRow(kept, options)) : []),
  ]);
}

function forgetRow({ guest, forget, keep, afterBackup }: ForgetAction, options: ForgetTextOptions): Row {
  const going = forget.map(({ time, id }) => `${formatMoment(time, options.timeZone)} (${id.slice(0, 8)})`);
  const after = afterBackup ? ', once it is backed up' : '';
  return {
    glyph: '-',
    cells: [guestText(guest), `${listText(going, options)}; ${keep.length} stay${after}`],
  };
}

function keptRow({ snapshot, by }: KeptSnapshot, { timeZone }: ForgetTextOptions): Row {
  const when = `${formatMoment(snapshot.time, timeZone)} (${snapshot.id.slice(0, 8)})`;
  return { glyph: '=', cells: ['', `${when} kept by ${by.map(keepReasonText).join(', ')}`] };
}

/** `keep-daily keep-weekly of gold` */
export function keepReasonText(reason: KeepReason): string {
  switch (reason.kind) {
    case 'rules':
      return `${reason.rules.join(' ')} of ${reason.policy}`;
    case 'kept-all':
      return `${reason.policy}, which has no retention`;
    case 'pinned':
      return 'its pin';
    case 'last-good':
      return 'being the last good one';
  }
}
