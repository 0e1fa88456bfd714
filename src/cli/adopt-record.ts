import type { Adoption, GuestPlace } from '../plan/facts.ts';
import { goesOnIn } from '../plan/lines/join-lines.ts';
import { formatGuestRef } from '../pve/guest.ts';
import type { LineId } from '../pve/inventory.ts';
import type { AdoptRecord, RecordedLine } from '../records/record.ts';
import { UserError } from '../user-error.ts';
import type { NamedLine } from './choose-line.ts';

/** What a repository knows of lines, by the name of its entry. */
export interface HeldAdoptions {
  readonly name: string;
  readonly adoptions: ReadonlyMap<string, Adoption>;
}

/** That a line goes on in another one. @throws UserError `usage` where that makes no sense */
export function adoptRecord(
  from: NamedLine,
  to: NamedLine,
  { adoptions }: Pick<HeldAdoptions, 'adoptions'>,
  reason: string,
): AdoptRecord {
  if (from.line === to.line)
    throw new UserError('usage', `${from.line} and ${to.line} are one line`, {
      hint: '`pvebak snapshots --json` tells the line of each snapshot',
    });
  const [was, is] = [from.place?.guest.type, to.place?.guest.type];
  if (was !== undefined && is !== undefined && was !== is)
    throw new UserError('usage', `${textOf(from)} and ${textOf(to)} are no guests of one type`);
  if (goesOnIn(to.line, adoptions) === from.line)
    throw new UserError('usage', `the history of ${textOf(to)} goes on in ${textOf(from)} already`, {
      hint: `take that back first: pvebak adopt ${to.line} --undo`,
    });
  return { kind: 'adopt', from: recorded(from), to: recorded(to), reason };
}

/** That it does so no longer. @throws UserError `usage` where it does not */
export function undoRecord(from: NamedLine, { adoptions, name }: HeldAdoptions, reason: string): AdoptRecord {
  const known = adoptions.get(from.line);
  if (known === undefined || !isAdopted(from.line, adoptions))
    throw new UserError('usage', `in ${name} the history of ${textOf(from)} goes on in no other line`);
  const to = recorded({ line: known.to, place: known.at });
  const was = { line: from.line, place: known.from ?? from.place };
  return { kind: 'adopt', from: recorded(was), to, undone: true, reason };
}

/** Whether its history goes on in another line. */
export function isAdopted(line: LineId, adoptions: HeldAdoptions['adoptions']): boolean {
  const known = adoptions.get(line);
  return known !== undefined && known.undone !== true;
}

function recorded({
  line,
  place,
}: {
  readonly line: LineId;
  readonly place: GuestPlace | undefined;
}): RecordedLine {
  if (place === undefined) return { line };
  return { line, hostname: place.hostId, path: `/${formatGuestRef(place.guest)}` };
}

/** `qemu/101 of pve (line 00112233445566ff)` */
export function textOf({ line, place }: NamedLine): string {
  return place === undefined
    ? `line ${line}`
    : `${formatGuestRef(place.guest)} of ${place.hostId} (line ${line})`;
}
