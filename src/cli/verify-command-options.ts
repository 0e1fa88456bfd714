import type { Command } from 'commander';
import type { VerifyCommandOptions } from './commands/verify-command.ts';
import { exampleText } from './example-text.ts';
import { withRepositoryOptions } from './repository-options.ts';

/** Describes `pvebak verify` to the parser of arguments. */
export function addVerifyCommand(
  program: Command,
  run: (options: VerifyCommandOptions) => Promise<void>,
): void {
  withRepositoryOptions(program.command('verify [snapshots...]'))
    .description('prove that snapshots are whole: all there are, or those that are named; keeps the result')
    .option('--site <file>', 'the site file; by default site.yaml, unless --repo is given')
    .option('--read-data', 'read, decrypt and hash all their data as well', false)
    .option(
      '--read-data-subset <share>',
      'read a part of it: 5%, each time the next part until all are read; or 3/20, the third of 20 parts',
    )
    .option('--json', 'one JSON object a line', false)
    .addHelpText(
      'after',
      exampleText(
        'pvebak verify',
        'pvebak verify --read-data-subset 5%',
        'pvebak verify 4f1c22aa --read-data --site site.yaml',
        'pvebak verify --repo /mnt/backup/pvebak --password-file ./password',
      ),
    )
    .action((snapshots: readonly string[], options) => run({ ...NOT_GIVEN, ...options, snapshots }));
}

const NOT_GIVEN = {
  site: undefined,
  repo: undefined,
  passwordFile: undefined,
  readDataSubset: undefined,
} as const;
