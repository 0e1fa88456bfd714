import type { OrphanLine } from '../../plan/lines/orphan-line.ts';
import type { ForgetAction } from '../../plan/retention/forget-plan.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { datedMoment } from './dated-moment.ts';
import { guestText } from './guest-text.ts';
import { count } from './quantities.ts';
import type { Row } from './text-layout.ts';

interface OrphanTextOptions {
  readonly timeZone: string;
  readonly verbose: boolean;
}

/** How many are shown to who did not ask for all. */
const SHOWN = 10;

/** A line for each: why its machine counts as gone, and what becomes of its backups. */
export function orphanRows(
  orphans: readonly OrphanLine[],
  { timeZone, verbose }: OrphanTextOptions,
): readonly Row[] {
  const shown = verbose || orphans.length <= SHOWN + 1 ? orphans : orphans.slice(0, SHOWN);
  const rows = shown.map((orphan): Row => {
    const { guest, host, why, newestAt, snapshots, line } = orphan;
    const last = `last backup ${datedMoment(newestAt, timeZone)}`;
    const cells = [
      formatGuestRef(guest.ref),
      host,
      `${goneText(why)}, ${last}: ${count(snapshots, 'snapshot')} ${keptText(orphan, timeZone)}${verbose ? ` (line ${line})` : ''}`,
    ];
    return { glyph: ' ', cells };
  });
  const more = orphans.length - shown.length;
  return more === 0 ? rows : [...rows, { glyph: ' ', cells: [`${more} more (--verbose)`] }];
}

function goneText(why: OrphanLine['why']): string {
  switch (why.kind) {
    case 'gone':
      return 'gone';
    case 'vmid-reused':
      return `vmid reused by ${guestText(why.by)}`;
    case 'unidentified':
      return `its vmid belongs to ${guestText(why.by)}, which may be the same machine or not`;
    case 'unsure':
      return `not seen, and ${why.offline.join(', ')} offline`;
  }
}

function keptText({ why, wantedBy, keptUntil }: OrphanLine, timeZone: string): string {
  if (wantedBy !== undefined) return `kept, as the restore ${wantedBy} wants it`;
  if (why.kind === 'unsure' || why.kind === 'unidentified') return 'kept';
  return keptUntil === undefined
    ? 'kept, as orphans.keep is not set'
    : `kept until ${datedMoment(keptUntil, timeZone)}`;
}

/** Why nothing of a line stays: `gone, last backup 2026-08-20 02:00 CEST, to be kept until 2026-11-18 02:00 CET` */
export function endOfOrphanText(
  { why, newestAt, keptUntil }: NonNullable<ForgetAction['orphan']>,
  timeZone: string,
): string {
  const last = `last backup ${datedMoment(newestAt, timeZone)}`;
  return `${goneText(why)}, ${last}, to be kept until ${datedMoment(keptUntil, timeZone)} (orphans.keep)`;
}
