import type { Command } from 'commander';
import { UserError } from '../user-error.ts';
import { exampleText } from './example-text.ts';
import { withRepositoryOptions } from './repository-options.ts';
import type { Surroundings } from './surroundings.ts';

/** `pvebak key list|add|passwd|remove`. */
export function addKeyCommands(
  program: Command,
  runs: (work: Promise<number>) => Promise<void>,
  surroundings: Surroundings,
): void {
  const keys = program
    .command('key')
    .description('the passwords that open a repository: list, add, change, remove')
    .addHelpText('after', exampleText('pvebak key list site.yaml', 'pvebak key add site.yaml'));

  withKeyOptions(keys.command('list [site]'))
    .description('list the keys; a star marks the one that opened the repository')
    .option('--json', 'one JSON object a line', false)
    .addHelpText(
      'after',
      exampleText('pvebak key list site.yaml', 'pvebak key list --repo /mnt/backup/pvebak'),
    )
    .action((site: string | undefined, options) =>
      runs(
        import('./commands/key-list-command.ts').then(({ keyListCommand }) =>
          keyListCommand({ site, ...NONE, ...options }, surroundings),
        ),
      ),
    );

  withKeyOptions(keys.command('add [site]'))
    .description('add a password that opens the repository as well')
    .option(...NEW_PASSWORD)
    .addHelpText(
      'after',
      exampleText('pvebak key add site.yaml', 'pvebak key add site.yaml --repository offsite'),
    )
    .action((site: string | undefined, options) =>
      runs(
        import('./commands/key-add-command.ts').then(({ keyAddCommand }) =>
          keyAddCommand({ site, ...NONE, ...options }, surroundings),
        ),
      ),
    );

  withKeyOptions(keys.command('passwd [site]'))
    .description('put a new password in the place of the one that opened the repository')
    .option(...NEW_PASSWORD)
    .addHelpText('after', exampleText('pvebak key passwd site.yaml'))
    .action((site: string | undefined, options) =>
      runs(
        import('./commands/key-passwd-command.ts').then(({ keyPasswdCommand }) =>
          keyPasswdCommand({ site, ...NONE, ...options }, surroundings),
        ),
      ),
    );

  withKeyOptions(keys.command('remove <words...>'))
    .usage('[options] [site] <id>')
    .description('remove a key; the last one stays')
    .option('-y, --yes', 'do not ask, even for the key that opened the repository', false)
    .addHelpText('after', exampleText('pvebak key remove site.yaml 4f1c22aa'))
    .action((words: readonly string[], options) => {
      const { site, id } = siteAndId(words);
      return runs(
        import('./commands/key-remove-command.ts').then(({ keyRemoveCommand }) =>
          keyRemoveCommand(id, { site, ...NONE, ...options }, surroundings),
        ),
      );
    });
}

const NONE = {
  repo: undefined,
  passwordFile: undefined,
  repository: undefined,
  newPasswordFile: undefined,
} as const;

const NEW_PASSWORD = [
  '--new-password-file <file>',
  'its first line is the new password; else it is asked for, twice',
] as const;

function withKeyOptions(command: Command): Command {
  return withRepositoryOptions(command).option(
    '--repository <name>',
    'which repository of the site, where it has several',
  );
}

/** The site comes first, as everywhere, and may be left out. */
function siteAndId(words: readonly string[]): { readonly site: string | undefined; readonly id: string } {
  const id = words.at(-1);
  if (id === undefined || words.length > 2)
    throw new UserError('usage', 'give one id, after the site file or with --repo');
  return { site: words.length === 2 ? words[0] : undefined, id };
}
