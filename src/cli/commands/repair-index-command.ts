import { type RepairReport, repairIndex } from '../../repository/repair-index.ts';
import type { Repository } from '../../repository/repository.ts';
import { UserError } from '../../user-error.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { openChoice, type RepositoryChoice } from '../repository-choice.ts';
import type { Surroundings } from '../surroundings.ts';
import { count } from '../view/quantities.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

export interface RepairIndexOptions extends RepositoryChoice {
  /** Name of an entry of the site; needed where it has several. */
  readonly repository: string | undefined;
}

/** Makes the indexes of a repository anew from its packs. */
export async function repairIndexCommand(
  options: RepairIndexOptions,
  surroundings: Surroundings,
): Promise<number> {
  const { signal, stdout } = surroundings;
  const { repositories } = await openChoice(options, surroundings);
  const repository = chooseOne(repositories, options.repository);
  const report = await repairIndex(repository, { signal });
  stdout.write(reportText(repository.where, report));
  return EXIT_STATUS.done;
}

function chooseOne(repositories: ReadonlyMap<string, Repository>, name: string | undefined): Repository {
  const [first, ...more] = name === undefined ? repositories.values() : [repositories.get(name)];
  if (first !== undefined && more.length === 0) return first;
  const names = [...repositories.keys()].join(', ');
  throw name === undefined
    ? new UserError('usage', 'the site has several repositories', {
        hint: `name one with --repository: ${names}`,
      })
    : new UserError('usage', `the site has no repository ${name}`, { hint: `it has: ${names}` });
}

function reportText(where: string, report: RepairReport): string {
  const { packs, blobs, oldIndexes, newIndexes, lostPacks, damagedPacks } = report;
  const lines = [
    `${where}: ${count(packs, 'pack')} with ${count(blobs, 'blob')} in ${newIndexes} new ${indexes(newIndexes)}; ${oldIndexes} old ${indexes(oldIndexes)} removed`,
    ...damagedPacks.map(
      ({ file, what, kept }) => `! ${file}: ${what}; ${count(kept, 'blob')} kept from the old index`,
    ),
    ...(lostPacks.length === 0
      ? []
      : [
          `! ${count(lostPacks.length, 'pack')} missing: what was in them is stored again by the next backups`,
        ]),
    'Run `pvebak verify` to see what is whole.',
  ];
  return `${lines.map(terminalSafe).join('\n')}\n`;
}

function indexes(number: number): string {
  return number === 1 ? 'index' : 'indexes';
}
