import type { GuestPlace } from '../../plan/facts.ts';
import type { GuestLabel } from '../../plan/plan.ts';
import type { PlanNote } from '../../plan/plan-note.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { guestText, listText } from './guest-text.ts';
import { count, formatBytes, formatDuration } from './quantities.ts';
import type { Row } from './text-layout.ts';

/** Disks and mount points that dumps of selected guests leave out. */
export function notInBackupRows(notes: readonly PlanNote[]): readonly Row[] {
  return notes.flatMap((note) => {
    if (note.kind !== 'volume-left-out') return [];
    const { key, bytes, leftOut = '' } = note.volume;
    const size = bytes === undefined ? '' : `${formatBytes(bytes)} `;
    return [{ glyph: ' ', cells: [guestText(note.guest), `${key}  ${size}${leftOut}`] }];
  });
}

/** All other notes; guests whose reuse cannot be noticed share one. */
export function noteRows(
  notes: readonly PlanNote[],
  { verbose }: { readonly verbose: boolean },
): readonly Row[] {
  const unnoticed = notes.flatMap((note) => (note.kind === 'reuse-unnoticed' ? [note.guest] : []));
  const texts = [
    ...notes.flatMap((note) => noteText(note, verbose)),
    ...(unnoticed.length === 0 ? [] : [reuseText(unnoticed, verbose)]),
  ];
  return texts.map((text) => ({ glyph: ' ', cells: [text] }));
}

function noteText(note: PlanNote, verbose: boolean): readonly string[] {
  switch (note.kind) {
    case 'one-key':
      return [
        `repository ${note.repository} has one key: add a second with pvebak key add, and keep it elsewhere`,
      ];
    case 'clock-differs':
      return [`host ${note.host}: its clock is ${clockText(note.aheadMs)} this machine's`];
    case 'rpo-below-cadence':
      return [
        `policy ${note.policy}: rpo ${formatDuration(note.rpoMs)} cannot be kept by a run every ${formatDuration(note.cadenceMs)}`,
      ];
    case 'rpo-below-window':
      return [
        `policy ${note.policy}: rpo ${formatDuration(note.rpoMs)} cannot be kept with a window that is closed for ${formatDuration(note.closedMs)}`,
      ];
    case 'restore-bridges-unmapped':
      return [
        `restore ${note.intent}: there is no bridge ${note.bridges.join(', ')} on ${note.node}; it cannot be started before its network is changed, or mapped`,
      ];
    case 'restore-copies-left':
      return [
        `restore ${note.intent}: left out, as the copies of others go there: ${listText(note.refs.map(formatGuestRef), { verbose })}`,
      ];
    case 'restore-order-absent':
      return [
        `restore ${note.intent}: its order names guests that it does not select: ${listText(note.refs.map(formatGuestRef), { verbose })}`,
      ];
    case 'restore-room-promised':
      return [
        `storage ${note.storage} of ${note.host}/${note.node} has ${formatBytes(note.freeBytes)} free, and the restored volumes may grow to ${formatBytes(note.statedBytes)}`,
      ];
    case 'vzdump-option-unknown':
      return [
        `host ${note.host}: its Proxmox VE ${note.version} does not know ${note.options.join(', ')} of vzdump; dumps are made without`,
      ];
    case 'fleecing-nowhere':
      return [
        `host ${note.host}: fleecing: true, but the first disk is on no storage; name one. Dumped without: ${listText(note.guests.map(guestText), { verbose })}`,
      ];
    case 'history-joined':
      return verbose
        ? [
            `${guestText(note.guest)} goes on with ${count(note.snapshots, 'snapshot')} in ${note.repository} of ${placeText(note.from)}`,
          ]
        : [];
    case 'adopted-and-there':
      return [
        `${guestText(note.guest)} of ${note.host} was adopted by another guest in ${note.repository}, and is there: its backups count for itself`,
      ];
    case 'move-waits':
      return [moveText(note)];
    case 'reuse-unnoticed':
    case 'volume-left-out':
      return [];
  }
}

function moveText({ why, host, guest, from }: Extract<PlanNote, { readonly kind: 'move-waits' }>): string {
  const [old, current] = [formatGuestRef(from.guest), formatGuestRef(guest.ref)];
  const moved = `moved: ${placeText(from)} to ${current} of ${host}`;
  switch (why) {
    case 'not-there':
      return `${moved}: there is no ${current} yet`;
    case 'still-there':
      return `${moved}: the machine whose backups there are is still at ${old}; if it is another one: pvebak adopt`;
    case 'no-backup':
      return `${moved}: there is no backup from ${placeText(from)}`;
  }
}

/** `qemu/101 of fra` */
function placeText({ hostId, guest }: GuestPlace): string {
  return `${formatGuestRef(guest)} of ${hostId}`;
}

function reuseText(guests: readonly GuestLabel[], verbose: boolean): string {
  const names = listText(guests.map(guestText), { verbose });
  return `no network interface, so reuse of the vmid cannot be noticed: ${names}`;
}

/** `9 min ahead of` */
export function clockText(aheadMs: number): string {
  return `${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
}
