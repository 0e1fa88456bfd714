import { type Command, Option } from 'commander';
import { exampleText } from './example-text.ts';
import type { Surroundings } from './surroundings.ts';

/** Describes the commands about what is saved, and what it was made from, to the parser of arguments. */
export function addSavedCommands(
  program: Command,
  runs: (work: Promise<number>) => Promise<void>,
  surroundings: Surroundings,
): void {
  program
    .command('show <plan>')
    .description('print a saved plan as plan printed it')
    .option('-v, --verbose', 'list what is up to date as well', false)
    .addOption(new Option('--json', 'print the file itself').default(false).conflicts('markdown'))
    .option('--markdown', 'print it for the comment of a merge request', false)
    .addHelpText('after', exampleText('pvebak show plan.json', 'pvebak show plan.json --markdown'))
    .action((path: string, options) =>
      runs(
        import('./commands/show-command.ts').then(({ showCommand }) =>
          showCommand(path, options, surroundings),
        ),
      ),
    );

  program
    .command('status <site>')
    .description('grade every guest by its newest backup; ends as monitoring plugins do: 0, 1, 2 or 3')
    .option('--json', 'as one JSON object', false)
    .addHelpText('after', exampleText('pvebak status site.yaml', 'pvebak status site.yaml --json'))
    .action((file: string, options) =>
      runs(
        import('./commands/status-command.ts').then(({ statusCommand }) =>
          statusCommand(file, options, surroundings),
        ),
      ),
    );

  program
    .command('facts <site>')
    .description('record what hosts and repositories say now, to plan with it elsewhere; holds no secret')
    .option('--out <file>', 'where to; by default they are printed')
    .addHelpText(
      'after',
      exampleText('pvebak facts site.yaml --out facts.json', 'pvebak plan site.yaml --facts facts.json'),
    )
    .action((file: string, options) =>
      runs(
        import('./commands/facts-command.ts').then(({ factsCommand }) =>
          factsCommand(file, options, surroundings),
        ),
      ),
    );
}
