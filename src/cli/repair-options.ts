import type { Command } from 'commander';
import type { RepairIndexOptions } from './commands/repair-index-command.ts';
import { exampleText } from './example-text.ts';
import { withRepositoryOptions } from './repository-options.ts';

/** Describes `pvebak repair index` to the parser of arguments. */
export function addRepairCommands(
  program: Command,
  run: (options: RepairIndexOptions) => Promise<void>,
): void {
  const repair = program.command('repair').description('put right what verify finds damaged');
  withRepositoryOptions(repair.command('index [site]'))
    .description('make the indexes anew from the packs; nobody else may use the repository meanwhile')
    .option('--repository <name>', 'which repository of the site, where it has several')
    .addHelpText(
      'after',
      exampleText('pvebak repair index site.yaml', 'pvebak repair index --repo /mnt/backup/pvebak'),
    )
    .action((site: string | undefined, options) => run({ site, ...NOT_GIVEN, ...options }));
}

const NOT_GIVEN = { repo: undefined, passwordFile: undefined, repository: undefined } as const;
