import type { BackupAction, FreshGuest, LeftAlone, Plan, WaitingBackup } from '../../plan/plan.ts';
import { dueReasonText } from './due-reason-text.ts';
import { amountsText, estimateText, sumOfEstimates } from './estimate-text.ts';
import { guestText } from './guest-text.ts';
import type { PlanHeader } from './plan-header.ts';
import { formatDuration, formatMoment } from './quantities.ts';
import type { Row, Section } from './text-layout.ts';

/** How many backups of a policy are shown to who did not ask for all. */
const SHOWN_BACKUPS = 20;

/** One section for each policy. A guest of several policies stands under the first, and names the others. */
export function policySections(
  plan: Plan,
  { policies, timeZone }: Pick<PlanHeader, 'policies' | 'timeZone'>,
  verbose: boolean,
): readonly Section[] {
  const backups = Map.groupBy(plan.backups, (action) => action.policies[0]);
  const waiting = Map.groupBy(plan.waiting, (one) => one.policies[0]);
  const fresh = Map.groupBy(plan.fresh, (guest) => guest.policies[0]);
  const leftAlone = Map.groupBy(plan.leftAlone, ({ policy }) => policy);
  return policies.map((policy) => ({
    title: `${policy.name} (${policy.schedule ?? `rpo ${formatDuration(policy.rpoMs)}`})`,
    rows: [
      ...backupRows(backups.get(policy.name) ?? [], verbose),
      ...waitingRows(waiting.get(policy.name) ?? [], { timeZone, verbose }),
      ...freshRows(fresh.get(policy.name) ?? [], verbose),
      ...leftAloneRows(leftAlone.get(policy.name) ?? [], verbose),
    ],
  }));
}

function backupRows(backups: readonly BackupAction[], verbose: boolean): readonly Row[] {
  if (verbose || backups.length <= SHOWN_BACKUPS + 1) return backups.map(backupRow);
  const rest = backups.slice(SHOWN_BACKUPS);
  const more = [`${rest.length} more (--verbose)`, amountsText(sumOfEstimates(rest))];
  const cells = [more.filter((text) => text !== '').join(', ')];
  return [...backups.slice(0, SHOWN_BACKUPS).map(backupRow), { glyph: '+', cells }];
}

function backupRow(action: BackupAction): Row {
  const unlocked = action.unlocks ? 'unlocked first' : '';
  const details = [estimateText(action.estimate), alsoText(action.policies), unlocked];
  return {
    glyph: '+',
    cells: [
      guestText(action.guest),
      action.guest.node,
      dueReasonText(action.reason),
      details.filter((text) => text !== '').join(', '),
    ],
  };
}

function waitingRows(
  waiting: readonly WaitingBackup[],
  { timeZone, verbose }: { readonly timeZone: string; readonly verbose: boolean },
): readonly Row[] {
  if (verbose || waiting.length < 2) return waiting.map((one) => waitingRow(one, timeZone));
  const first = Math.min(...waiting.map(({ opensAt }) => opensAt));
  const text = `${waiting.length} due wait for their window until ${formatMoment(first, timeZone)}`;
  return [{ glyph: '=', cells: [text] }];
}

function waitingRow({ guest, reason, opensAt, policies }: WaitingBackup, timeZone: string): Row {
  const waits = `waits until ${formatMoment(opensAt, timeZone)}`;
  const details = [waits, alsoText(policies)].filter((text) => text !== '').join(', ');
  return { glyph: '=', cells: [guestText(guest), guest.node, dueReasonText(reason), details] };
}

function freshRows(fresh: readonly FreshGuest[], verbose: boolean): readonly Row[] {
  if (fresh.length === 0) return [];
  if (verbose) return fresh.map(freshRow);
  const oldest = fresh.reduce((age, guest) => Math.max(age, guest.ageMs), 0);
  return [{ glyph: '=', cells: [`${fresh.length} fresh, the oldest ${formatDuration(oldest)}`] }];
}

function freshRow({ guest, ageMs, policies }: FreshGuest): Row {
  const cells = [guestText(guest), guest.node, `fresh, ${formatDuration(ageMs)} old`, alsoText(policies)];
  return { glyph: '=', cells };
}

function leftAloneRows(leftAlone: readonly LeftAlone[], verbose: boolean): readonly Row[] {
  if (leftAlone.length === 0) return [];
  if (!verbose) return [{ glyph: '=', cells: [`${leftAlone.length} left alone`] }];
  return leftAlone.map(({ guest, reason }) => ({
    glyph: '=',
    cells: [guestText(guest), guest.node, leftAloneText(reason), ''],
  }));
}

function leftAloneText(reason: LeftAlone['reason']): string {
  return reason.kind === 'excluded' ? `excluded by ${reason.by}` : 'not included';
}

function alsoText([, ...others]: readonly string[]): string {
  return others.length === 0 ? '' : `also ${others.join(', ')}`;
}
