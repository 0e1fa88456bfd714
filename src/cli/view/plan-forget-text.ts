import type { Plan } from '../../plan/plan.ts';
import type { ForgetAction, HeldForget, KeepReason, KeptSnapshot } from '../../plan/retention/forget-plan.ts';
import type { PolicyChange } from '../../plan/retention/former-wishes.ts';
import { guestText, listText } from './guest-text.ts';
import { endOfOrphanText } from './plan-orphan-text.ts';
import { formatMoment } from './quantities.ts';
import type { Row } from './text-layout.ts';

interface ForgetTextOptions {
  readonly timeZone: string;
  readonly verbose: boolean;
}

/** `FORGET 53 of the 980 snapshots of these guests, 12 held` */
export function forgetTitle({ forgets, held }: Plan): string {
  const going = countGoing(forgets);
  const stopped = countGoing(held);
  const all = new Set(
    [...forgets, ...held].flatMap(({ forget, keep }) =>
      [...forget, ...keep.map(({ snapshot }) => snapshot)].map(({ id }) => id),
    ),
  ).size;
  const brake = stopped > 0 ? `, ${stopped} held` : '';
  return `FORGET ${going} of the ${all} snapshots of these guests${brake}`;
}

function countGoing(actions: readonly Pick<ForgetAction, 'forget'>[]): number {
  return actions.reduce((sum, { forget }) => sum + forget.length, 0);
}

/** A line for each brake of each repository, with what releases it. */
export function heldRows(held: readonly HeldForget[], timeZone: string): readonly Row[] {
  const braked = Map.groupBy(held, ({ repository, reason }) => `${repository} ${brakeOf(reason)}`);
  return [...braked.values()].flatMap((group): readonly Row[] => {
    const guests = group.map(({ guest, forget }) => `${guestText(guest)} (${forget.length})`);
    const text = holdText(group, timeZone);
    return text === undefined
      ? []
      : [{ glyph: '!', cells: [`${text}: ${listText(guests, { verbose: true })}`] }];
  });
}

/** Guests that the same changes hold share a line. */
function brakeOf(reason: HeldForget['reason']): string {
  return reason.kind === 'policy-change' ? JSON.stringify(reason.changes) : reason.kind;
}

/** @returns undefined for what another section tells */
function holdText(group: readonly HeldForget[], timeZone: string): string | undefined {
  const [first] = group;
  switch (first?.reason.kind) {
    case 'forget-max': {
      const { going, of, share } = first.reason;
      const percent = `${Math.round(1000 * share) / 10}%`;
      return `held: ${going} of the ${of} snapshots in ${first.repository} would go at once, guards.forget_max is ${percent}; was a tag dropped or a retention shortened? If they may go: --allow forget=GUEST or forget=all`;
    }
    case 'policies-unasked': {
      const names = group.flatMap(({ reason }) =>
        reason.kind === 'policies-unasked' ? reason.policies : [],
      );
      return `held, as a host of ${[...new Set(names)].join(', ')} could not be asked`;
    }
    case 'policy-change': {
      const { changes } = first.reason;
      const until = formatMoment(Math.max(...changes.map((one) => one.until)), timeZone);
      return `held until ${until}: ${changes.map((one) => changeText(one, timeZone)).join(', ')}. If they may go: --allow forget=GUEST or forget=all`;
    }
    case 'suspicious':
    case undefined:
      return undefined;
  }
}

function changeText({ policy, change, at }: PolicyChange, timeZone: string): string {
  const until = formatMoment(at, timeZone);
  return change === 'left'
    ? `${policy} selected the guest until ${until}`
    : `${policy} wanted more of it kept until ${until}`;
}

/** A line for each guest: what goes, and how many stay; with `verbose` also why each of those does. */
export function forgetRows(forgets: readonly ForgetAction[], options: ForgetTextOptions): readonly Row[] {
  return forgets.flatMap((action) => [
    forgetRow(action, options),
    ...(options.verbose ? action.keep.map((kept) => keptRow(kept, options)) : []),
  ]);
}

function forgetRow(action: ForgetAction, options: ForgetTextOptions): Row {
  const { guest, forget, keep, afterBackup, orphan } = action;
  const going = forget.map(({ time, id }) => `${formatMoment(time, options.timeZone)} (${id.slice(0, 8)})`);
  const after = afterBackup ? ', once it is backed up' : '';
  const stays = keep.length === 0 && orphan !== undefined ? 'none stays' : `${keep.length} stay`;
  const why = orphan === undefined ? '' : `: ${endOfOrphanText(orphan, options.timeZone)}`;
  return {
    glyph: '-',
    cells: [guestText(guest), `${listText(going, options)}; ${stays}${after}${why}`],
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
    case 'policy-change':
      return `what ${reason.policy} wanted until a short while ago`;
    case 'pinned':
      return 'its pin';
    case 'restored-now':
      return 'being restored by this run';
    case 'last-good':
      return 'being the last good one';
  }
}
