import type { Plan, RestoreAction } from '../../plan/plan.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { guestText, listText } from './guest-text.ts';
import { formatMoment } from './quantities.ts';
import type { Row } from './text-layout.ts';

/** What is restored, what overwrites, and counts of what waits or is there. */
export function restoreRows(
  plan: Plan,
  { timeZone, verbose }: { readonly timeZone: string; readonly verbose: boolean },
): readonly Row[] {
  const restores = plan.restores.map((action) => restoreRow(action, timeZone));
  return [...restores, ...manualRows(plan, verbose), ...existingRows(plan, verbose)];
}

function restoreRow(action: RestoreAction, timeZone: string): Row {
  const { intent, snapshot, to, replaces } = action;
  const what = `${formatGuestRef(snapshot.guest)} of ${formatMoment(snapshot.time, timeZone)} (${snapshot.id.slice(0, 8)})`;
  const where = `to ${formatGuestRef({ type: snapshot.guest.type, vmid: to.vmid })} on ${to.host}/${to.node}`;
  const overwrites = replaces === undefined ? '' : `, OVERWRITES ${guestText(replaces)}`;
  const how = howText(to);
  return {
    glyph: replaces === undefined ? '+' : '~',
    cells: [intent, `${what} ${where}${how}${overwrites}`],
  };
}

/** `, as a stream, storage local-lvm -> ceph, bridge vmbr1 -> vmbr0` */
function howText({ mode, storage, map }: RestoreAction['to']): string {
  const parts = [
    ...(mode === 'streamed' ? ['as a stream'] : []),
    ...(mode === 'staged' ? ['as a file in dump_dir'] : []),
    ...(storage === undefined ? [] : [`to storage ${storage}`]),
    ...[...(map?.storage ?? [])].map(([from, to]) => `storage ${from} -> ${to}`),
    ...[...(map?.bridge ?? [])].map(([from, to]) => `bridge ${from} -> ${to}`),
  ];
  return parts.map((part) => `, ${part}`).join('');
}

function manualRows({ restoresAtRest }: Plan, verbose: boolean): readonly Row[] {
  const names = restoresAtRest.filter((one) => one.kind === 'manual').map((one) => one.intent);
  if (names.length === 0) return [];
  return [{ glyph: '=', cells: [`only when named (--restore NAME): ${listText(names, { verbose })}`] }];
}

function existingRows({ restoresAtRest }: Plan, verbose: boolean): readonly Row[] {
  const targets = restoresAtRest.flatMap((one) =>
    one.kind === 'target-exists' ? [`${one.intent} (${guestText(one.target)})`] : [],
  );
  if (targets.length === 0) return [];
  return [{ glyph: '=', cells: [`target exists: ${listText(targets, { verbose })}`] }];
}
