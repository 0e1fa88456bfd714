import type { AwaitedBackup, Plan, RestoreAction, RestoreReason, SelectedBy } from '../../plan/plan.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { hostAccessText } from '../../pve/host-access-text.ts';
import { guestText, listText } from './guest-text.ts';
import { formatMoment } from './quantities.ts';
import type { Row } from './text-layout.ts';

/** What is restored, what overwrites, and counts of what waits or is there. */
export function restoreRows(
  plan: Plan,
  { timeZone, verbose }: { readonly timeZone: string; readonly verbose: boolean },
): readonly Row[] {
  const restores = plan.restores.map((action) => restoreRow(action, timeZone));
  return [...restores, ...awaitingRows(plan), ...manualRows(plan, verbose), ...existingRows(plan, verbose)];
}

function restoreRow(action: RestoreAction, timeZone: string): Row {
  const { intent, snapshot, to, replaces, stops, hostAccess = [], reason, name, member } = action;
  const guest = `${formatGuestRef(snapshot.guest)}${name === undefined ? '' : ` ${name}`}`;
  const chosen = member === undefined ? '' : `, ${selectionText(member.by)},`;
  const what = `${guest} of ${formatMoment(snapshot.time, timeZone)} (${snapshot.id.slice(0, 8)})${chosen}`;
  const where = `to ${formatGuestRef({ type: snapshot.guest.type, vmid: to.vmid })} on ${to.host}/${to.node}`;
  const running = stops ? ', which runs' : '';
  const overwrites =
    replaces === undefined ? '' : `, OVERWRITES ${guestText(replaces)}${running}${originText(reason)}`;
  const how = howText(to);
  const reaches = hostAccess.length === 0 ? '' : `, REACHES THE NODE: ${hostAccessText(hostAccess)}`;
  return {
    glyph: replaces === undefined ? '+' : '~',
    cells: [intent, `${what} ${where}${how}${overwrites}${reaches}`],
  };
}

/** `of pool prod, tag gold, node fra1`, or of the host where nothing else was asked for. */
function selectionText({ host, node, pool, tags = [] }: SelectedBy): string {
  const parts = [
    ...(pool === undefined ? [] : [`pool ${pool}`]),
    ...tags.map((tag) => `tag ${tag}`),
    ...(node === undefined ? [] : [`node ${node}`]),
  ];
  return parts.length === 0 ? `of host ${host}` : `of ${parts.join(', ')}`;
}

/** What the guest that goes was restored from. */
function originText(reason: RestoreReason): string {
  if (reason.kind !== 'target-changed') return '';
  return reason.from === undefined
    ? ', which no restore is known to have made'
    : `, restored from ${reason.from.slice(0, 8)}`;
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

/** They will be done, so each has its line. */
function awaitingRows({ restoresAtRest }: Plan): readonly Row[] {
  return restoresAtRest.flatMap((one) =>
    one.kind === 'blocked-by-backup' ? [{ glyph: '=', cells: [one.intent, awaitedText(one.backup)] }] : [],
  );
}

function awaitedText({ guest, state }: AwaitedBackup): string {
  const first = `waits for the first backup of ${guestText(guest)}`;
  switch (state) {
    case 'planned':
      return `${first} in this run; the next apply restores it`;
    case 'waiting':
      return `${first}, which waits for its window; the apply after it restores it`;
    case 'blocked':
      return `${first}, which cannot be made now; the apply after it restores it`;
  }
}

function manualRows({ restoresAtRest }: Plan, verbose: boolean): readonly Row[] {
  const names = restoresAtRest.filter((one) => one.kind === 'manual').map((one) => one.intent);
  if (names.length === 0) return [];
  return [{ glyph: '=', cells: [`only when named (--restore NAME): ${listText(names, { verbose })}`] }];
}

function existingRows({ restoresAtRest }: Plan, verbose: boolean): readonly Row[] {
  const kinds = [
    ['target-exists', 'target exists'],
    ['target-as-wanted', 'restored from the wanted snapshot'],
  ] as const;
  return kinds.flatMap(([kind, title]): readonly Row[] => {
    const targets = restoresAtRest.flatMap((one) =>
      one.kind === kind ? [`${one.intent} (${guestText(one.target)})`] : [],
    );
    return targets.length === 0
      ? []
      : [{ glyph: '=', cells: [`${title}: ${listText(targets, { verbose })}`] }];
  });
}
