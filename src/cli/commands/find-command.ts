import { chooseSnapshot, parseSubject, subjectOf } from '../../browse/choose-snapshot.ts';
import { inPages } from '../../browse/in-pages.ts';
import { NameFinder } from '../../browse/name-finder.ts';
import { namePattern } from '../../browse/name-pattern.ts';
import type { Walked } from '../../browse/walk-tree.ts';
import { writeToStream } from '../../browse/write-to-stream.ts';
import type { Repository } from '../../repository/repository.ts';
import { UserError } from '../../user-error.ts';
import { type ChosenSnapshot, CLOSED_PIPE_STATUS, heldSnapshots, reading } from '../browse-session.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import type { RepositoryChoice } from '../repository-choice.ts';
import type { Surroundings } from '../surroundings.ts';
import { foundHeader, foundJson } from '../view/find-text.ts';
import { jsonLine } from '../view/ls-json.ts';
import { listedMoment, lsLines } from '../view/ls-lines.ts';
import { count } from '../view/quantities.ts';

export interface FindOptions extends RepositoryChoice {
  readonly name: string;
  /** `lxc/105` */
  readonly guest: string | undefined;
  /** The id of a host. */
  readonly from: string | undefined;
  /** Ids or their beginnings; none for all. */
  readonly snapshot: readonly string[];
  readonly ignoreCase: boolean;
  readonly json: boolean;
}

/** Looks for names in snapshots, oldest first. That nothing is found is no failure. */
export async function findCommand(options: FindOptions, surroundings: Surroundings): Promise<number> {
  const matches = namePattern(options.name, options);
  const wanted = select(await heldSnapshots(options, surroundings), options);
  let hits = 0;
  for (const [repository, snapshots] of byRepository(wanted)) {
    const outcome = await reading(repository, surroundings, ({ reader, signal }) => {
      const finder = new NameFinder(reader, matches, { signal });
      const counted = (page: readonly Walked[]) => {
        hits += page.length;
        return page;
      };
      const text = results(
        snapshots,
        { find: (one) => finder.find(one.snapshot), counted },
        {
          ...options,
          ...surroundings,
        },
      );
      return writeToStream(surroundings.stdout, text, { signal });
    });
    if (outcome === 'closed') return CLOSED_PIPE_STATUS;
  }
  if (hits === 0 && !options.json)
    surroundings.stderr.write(`nothing of that name in ${count(wanted.length, 'snapshot')}\n`);
  return EXIT_STATUS.done;
}

/** All but records, which hold no files of anybody's. */
function select(held: readonly ChosenSnapshot[], options: FindOptions): readonly ChosenSnapshot[] {
  const { guest, from, snapshot: ids } = options;
  const subject = guest === undefined ? undefined : parseSubject(guest);
  if (guest !== undefined && subject === undefined)
    throw new UserError('usage', `${guest} is no guest`, { hint: 'write qemu/101, lxc/105 or node/NAME' });
  const named = new Set(
    ids.map((what) => chooseSnapshot(held, { what, guest: undefined, from: undefined }).snapshot),
  );
  return held.filter(
    ({ snapshot }) =>
      !snapshot.tags.includes('pvebak-record') &&
      (named.size === 0 || named.has(snapshot)) &&
      (subject === undefined || subjectOf(snapshot) === subject) &&
      (from === undefined || snapshot.hostname === from),
  );
}

function byRepository(held: readonly ChosenSnapshot[]): ReadonlyMap<Repository, readonly ChosenSnapshot[]> {
  return Map.groupBy(held, ({ open }) => open);
}

async function* results(
  snapshots: readonly ChosenSnapshot[],
  finder: {
    readonly find: (one: ChosenSnapshot) => AsyncIterable<Walked>;
    readonly counted: (page: readonly Walked[]) => readonly Walked[];
  },
  { json, timeZone }: { readonly json: boolean; readonly timeZone: string },
): AsyncGenerator<string> {
  const moment = listedMoment(timeZone);
  for (const one of snapshots) {
    let header = json ? '' : foundHeader(one, timeZone);
    for await (const page of inPages(finder.find(one))) {
      const lines = json
        ? finder.counted(page).map((walked) => jsonLine(foundJson(one, walked)))
        : lsLines(finder.counted(page), { moment, shown: 'paths' }).map((line) => `  ${line}`);
      yield `${header}${lines.join('')}`;
      header = '';
    }
  }
}
