import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseGuestRef } from '../pve/guest.ts';
import { addBrowseCommands } from './browse-commands.ts';
import { exampleText } from './example-text.ts';
import { addKeyCommands } from './key-commands.ts';
import { addMarkCommands } from './mark-commands.ts';
import { addNbdCommand } from './nbd-options.ts';
import { collect, withPartOptions } from './part-options.ts';
import { addRepairCommands } from './repair-options.ts';
import { withRepositoryOptions } from './repository-options.ts';
import { addRestoreCommand } from './restore-options.ts';
import { addSavedCommands } from './saved-commands.ts';
import { packageVersion, type Surroundings } from './surroundings.ts';
import { addVerifyCommand } from './verify-command-options.ts';

/** Nodes worked on at once. */
const PARALLEL = Math.max(2, availableParallelism());

/**
 * Runs the command that the arguments name and returns its exit status. Each command is loaded when it runs: all together take
 * longer than what some of them do.
 * @throws UserError, CommanderError
 */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<number> {
  let status = 0;
  const program = new Command('pvebak')
    .description(
      'Declarative backups of Proxmox VE guests, into an encrypted, deduplicating repository in the format of restic.',
    )
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => surroundings.stdout.write(text),
      writeErr: (text) => surroundings.stderr.write(text),
    })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      exampleText('pvebak init site.yaml', 'pvebak plan site.yaml', 'pvebak apply site.yaml'),
    );
  const runs = async (work: Promise<number>) => {
    status = await work;
  };

  program
    .command('init <site>')
    .description('make the repositories of a site that are not there yet')
    .addHelpText('after', exampleText('PVEBAK_PASSWORD=... pvebak init site.yaml'))
    .action((file: string) =>
      runs(import('./commands/init-command.ts').then(({ initCommand }) => initCommand(file, surroundings))),
    );

  program
    .command('validate <site>')
    .description('check a site file; opens no connection and reads no secret')
    .addHelpText('after', exampleText('pvebak validate site.yaml'))
    .action((file: string) =>
      runs(
        import('./commands/validate-command.ts').then(({ validateCommand }) =>
          validateCommand(file, surroundings),
        ),
      ),
    );

  withPartOptions(program.command('plan <site>'))
    .description('show what apply would do, with the reasons; writes nothing anywhere')
    .option('-v, --verbose', 'list what is up to date as well', false)
    .option('--detailed-exitcode', 'exit with 2 when there are changes', false)
    .option(
      '--restore <name>',
      'name a restore of the site, or one of its guests: NAME/qemu/101 (repeatable)',
      collect,
      [],
    )
    .option('--out <file>', 'save the plan, for pvebak apply FILE')
    .option(
      '--parallel <n>',
      'nodes that apply will work on at once, to say when it ends',
      parseCount,
      PARALLEL,
    )
    .addOption(
      new Option(
        '--allow <what>',
        'forget=qemu/101 or forget=all: also what forget_max holds; unlock=qemu/101 or unlock=all: what a backup has left locked; host-access: restores may reach the node; repeatable',
      )
        .argParser(parseAllow)
        .default([]),
    )
    .option('--facts <file>', 'plan with recorded facts: opens no connection and reads no secret')
    .addOption(new Option('--json', 'print the plan as --out saves it').default(false).conflicts('markdown'))
    .option('--markdown', 'print it for the comment of a merge request', false)
    .addHelpText(
      'after',
      exampleText(
        'pvebak plan site.yaml',
        'pvebak plan site.yaml --verbose --restore web-on-the-lab',
        'pvebak plan site.yaml --out plan.json',
        'pvebak plan site.yaml --facts facts.json --markdown',
      ),
    )
    .action((file: string, options) =>
      runs(
        import('./commands/plan-command.ts').then(({ planCommand }) =>
          planCommand(file, options, surroundings),
        ),
      ),
    );

  addSavedCommands(program, runs, surroundings);

  withPartOptions(program.command('apply <site>'))
    .description(
      'carry the plan out: back up what is due, restore what is missing; or a saved plan, as it is and without asking',
    )
    .option('-y, --yes', 'do not ask; overwriting, forgetting and pruning still need --allow', false)
    .addOption(
      new Option(
        '--allow <what>',
        'allow without asking: replace (guests are overwritten), forget (snapshots are removed), prune (what none of them needs is), forget=qemu/101 or forget=all (also those that forget_max holds), unlock=qemu/101 or unlock=all (the lock that a backup has left is taken away, where nothing works on the guest), host-access (restored configurations may reach the node); repeatable',
      )
        .argParser(parseAllow)
        .default([]),
    )
    .option(
      '--restore <name>',
      'name a restore of the site, or one of its guests: NAME/qemu/101 (repeatable)',
      collect,
      [],
    )
    .option('--parallel <n>', 'nodes worked on at once', parseCount, PARALLEL)
    .option('--json', 'one JSON object a line', false)
    .option('-v, --verbose', 'list what is up to date as well', false)
    .option('--digest <sha256>', 'of a saved plan: carry out only the one that has this digest', parseDigest)
    .option('--site <file>', 'of a saved plan: where its site file is now')
    .addHelpText(
      'after',
      exampleText(
        'pvebak apply site.yaml',
        'pvebak apply site.yaml --yes --allow forget --json',
        'pvebak apply site.yaml --restore web-on-the-lab --allow replace',
        'pvebak apply plan.json --digest 3f9c...',
      ),
    )
    .action((file: string, options) =>
      runs(
        import('./commands/apply-command.ts').then(({ applyCommand }) =>
          applyCommand(file, options, surroundings),
        ),
      ),
    );

  addRestoreCommand(program, (options) =>
    runs(
      import('./commands/restore-command.ts').then(({ restoreCommand }) =>
        restoreCommand(options, surroundings),
      ),
    ),
  );

  withRepositoryOptions(program.command('snapshots [site]'))
    .description("list the guests' snapshots, oldest first")
    .option('--guest <guest>', 'only those of one guest, such as qemu/101')
    .option('--json', 'one JSON object a line', false)
    .addHelpText(
      'after',
      exampleText(
        'pvebak snapshots site.yaml --guest qemu/101',
        'pvebak snapshots --repo /mnt/backup/pvebak --password-file ./password',
      ),
    )
    .action((site: string | undefined, options) =>
      runs(
        import('./commands/snapshots-command.ts').then(({ snapshotsCommand }) =>
          snapshotsCommand(
            { site, repo: undefined, passwordFile: undefined, guest: undefined, ...options },
            surroundings,
          ),
        ),
      ),
    );

  addNbdCommand(program, (options) =>
    runs(import('./commands/nbd-command.ts').then(({ nbdCommand }) => nbdCommand(options, surroundings))),
  );

  addMarkCommands(program, runs, surroundings);

  addVerifyCommand(program, (options) =>
    runs(
      import('./commands/verify-command.ts').then(({ verifyCommand }) =>
        verifyCommand(options, surroundings),
      ),
    ),
  );

  addBrowseCommands(program, runs, surroundings);

  withRepositoryOptions(program.command('prune [site]'))
    .description('free what no snapshot refers to any longer; nobody else may use the repository meanwhile')
    .option(
      '--max-unused <share>',
      'how much of what is stored may be waste, so that less is rewritten',
      '5%',
    )
    .option('--json', 'one JSON object a repository', false)
    .addHelpText('after', exampleText('pvebak prune site.yaml', 'pvebak prune site.yaml --max-unused 0%'))
    .action((site: string | undefined, options) =>
      runs(
        import('./commands/prune-command.ts').then(({ pruneCommand }) =>
          pruneCommand({ site, repo: undefined, passwordFile: undefined, ...options }, surroundings),
        ),
      ),
    );

  addRepairCommands(program, (options) =>
    runs(
      import('./commands/repair-index-command.ts').then(({ repairIndexCommand }) =>
        repairIndexCommand(options, surroundings),
      ),
    ),
  );

  addKeyCommands(program, runs, surroundings);

  program
    .command('kit <site>')
    .description('print the recovery kit: how to get each guest back, also without pvebak; holds no secret')
    .option('--json', 'as one JSON object', false)
    .addHelpText('after', exampleText('pvebak kit site.yaml', 'pvebak kit site.yaml | lp'))
    .action((file: string, options) =>
      runs(
        import('./commands/kit-command.ts').then(({ kitCommand }) => kitCommand(file, options, surroundings)),
      ),
    );

  await program.parseAsync(args, { from: 'user' });
  return status;
}

const ALLOWED: ReadonlySet<string> = new Set(['replace', 'forget', 'prune', 'host-access']);

function parseAllow(value: string, before: unknown): readonly string[] {
  const [, guest] = /^(?:forget|unlock)=(.*)$/.exec(value) ?? [];
  const named = guest === 'all' ? 'all' : parseGuestRef(guest ?? '');
  if (!ALLOWED.has(value) && named === undefined)
    throw new InvalidArgumentError(
      'what can be allowed is: replace, forget, prune, forget=qemu/101, forget=all, unlock=qemu/101, unlock=all, host-access.',
    );
  return [...(Array.isArray(before) ? before : []), value];
}

function parseDigest(value: string): string {
  if (!/^[0-9a-f]{64}$/.test(value))
    throw new InvalidArgumentError('it must be all 64 digits that plan printed.');
  return value;
}

function parseCount(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new InvalidArgumentError('it must be a number from 1 to 9999.');
  return Number(value);
}
