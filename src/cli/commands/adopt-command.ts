import type { RepositoryFacts } from '../../plan/facts.ts';
import type { AdoptRecord } from '../../records/record.ts';
import type { Repository } from '../../repository/repository.ts';
import { UserError } from '../../user-error.ts';
import { adoptRecord, type HeldAdoptions, isAdopted, textOf, undoRecord } from '../adopt-record.ts';
import { reading } from '../browse-session.ts';
import { chooseLine, type NamedLine } from '../choose-line.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { askRepository } from '../gather-facts.ts';
import { openChoice, type RepositoryChoice } from '../repository-choice.ts';
import { saveMark } from '../save-mark.ts';
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
  const joined = having.filter(({ adoptions }) => isAdopted(from.line, adoptions));
  const meant = to === undefined && joined.length > 0 ? joined : having;
  const records = meant.map((one) => ({
    one,
    record:
      to === undefined ? undoRecord(from, one, options.reason) : adoptRecord(from, to, one, options.reason),
  }));
  for (const { one, record } of records) {
    await reading(one.open, surroundings, (session) => saveMark(session, record, surroundings));
    surroundings.stdout.write(`${terminalSafe(doneText(record, from, one))}\n`);
  }
  return EXIT_STATUS.done;
}

interface Held extends HeldAdoptions, Pick<RepositoryFacts, 'snapshots'> {
  readonly open: Repository;
}

function doneText({ to, undone }: AdoptRecord, from: NamedLine, { name, snapshots }: Held): string {
  const going = count(snapshots.filter(({ line }) => line === from.line).length, 'snapshot');
  const what = `${name}: ${going} of ${textOf(from)}`;
  if (undone === true) return `${what} no longer count for line ${to.line}`;
  const isThere = snapshots.some(({ line }) => line === to.line);
  const note = isThere ? '' : ', of which there is no backup yet';
  return `${what} count for line ${to.line} from now on${note}`;
}
