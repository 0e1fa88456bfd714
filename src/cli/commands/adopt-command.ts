import { hostname } from 'node:os';
import type { Adoption, GuestPlace } from '../../plan/facts.ts';
import { goesOnIn } from '../../plan/lines/join-lines.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import type { LineId } from '../../pve/inventory.ts';
import type { AdoptRecord, RecordedLine } from '../../records/record.ts';
import { saveRecord } from '../../records/save-record.ts';
import type { Repository } from '../../repository/repository.ts';
import { formatRfc3339 } from '../../snapshot/rfc3339.ts';
import { UserError } from '../../user-error.ts';
import { reading } from '../browse-session.ts';
import { chooseLine, type NamedLine } from '../choose-line.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { askRepository } from '../gather-facts.ts';
import { openChoice, type RepositoryChoice } from '../repository-choice.ts';
import type { Surroundings } from '../surroundings.ts';
import { count } from '../view/quantities.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

export interface AdoptOptions extends RepositoryChoice {
  /** Each a line, a snapshot of it, or a guest for its newest one. */
  readonly old: string;
  /** Undefined with `undo`. */
  readonly current: string | undefined;
  readonly undo: boolean;
  readonly reason: string;
}

/** Joins a line to another one in all repositories that hold any of it, or takes that back. */
export async function adoptCommand(options: AdoptOptions, surroundings: Surroundings): Promise<number> {
  const { old, current, undo } = options;
  if (undo !== (current === undefined))
    throw new UserError(
      'usage',
      undo ? '--undo takes one line' : 'the history of which line, in which one?',
      {
        hint: 'write pvebak adopt OLD NEW, or pvebak adopt OLD --undo',
      },
    );
  const { repositories } = await openChoice(options, surroundings);
  const held = await Promise.all(
    [...repositories].map(async ([name, open]): Promise<Held> => {
      const { snapshots, adoptions = new Map() } = await askRepository(open, surroundings.clock());
      return { name, open, snapshots, adoptions };
    }),
  );
  const all = held.flatMap(({ snapshots }) => snapshots);
  const from = chooseLine(all, old, { mayBeNew: false });
  const having = held.filter(({ snapshots }) => snapshots.some(({ line }) => line === from.line));
  const to = current === undefined ? undefined : chooseLine(all, current, { mayBeNew: true });
  const records = having.map((one) => ({
    one,
    record: to === undefined ? undoing(from, one, options.reason) : joining(from, to, one, options.reason),
  }));
  for (const { one, record } of records) {
    await save(one.open, record, surroundings);
    surroundings.stdout.write(`${terminalSafe(doneText(record, from, one))}\n`);
  }
  return EXIT_STATUS.done;
}

interface Held extends Pick<Awaited<ReturnType<typeof askRepository>>, 'snapshots'> {
  readonly name: string;
  readonly open: Repository;
  readonly adoptions: ReadonlyMap<string, Adoption>;
}

/** @throws UserError `usage` where that makes no sense */
function joining(from: NamedLine, to: NamedLine, { adoptions }: Held, reason: string): AdoptRecord {
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

/** @throws UserError `usage` where there is nothing to take back */
function undoing(from: NamedLine, { adoptions, name }: Held, reason: string): AdoptRecord {
  const known = adoptions.get(from.line);
  if (known === undefined || known.undone === true)
    throw new UserError('usage', `in ${name} the history of ${textOf(from)} goes on in no other line`);
  const to = recorded({ line: known.to, place: known.at });
  const was = { line: from.line, place: known.from ?? from.place };
  return { kind: 'adopt', from: recorded(was), to, undone: true, reason };
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

async function save(repository: Repository, record: AdoptRecord, surroundings: Surroundings): Promise<void> {
  const { clock, offsetMinutes, programVersion } = surroundings;
  const time = formatRfc3339(clock(), offsetMinutes);
  await reading(repository, surroundings, (session) =>
    saveRecord(session, record, { time, hostname: hostname(), programVersion }),
  );
}

function doneText({ to, undone }: AdoptRecord, from: NamedLine, { name, snapshots }: Held): string {
  const going = count(snapshots.filter(({ line }) => line === from.line).length, 'snapshot');
  const what = `${name}: ${going} of ${textOf(from)}`;
  if (undone === true) return `${what} no longer count for line ${to.line}`;
  const isThere = snapshots.some(({ line }) => line === to.line);
  const note = isThere ? '' : ', of which there is no backup yet';
  return `${what} count for line ${to.line} from now on${note}`;
}

/** `qemu/101 of pve (line 00112233445566ff)` */
function textOf({ line, place }: NamedLine): string {
  return place === undefined
    ? `line ${line}`
    : `${formatGuestRef(place.guest)} of ${place.hostId} (line ${line})`;
}
