import type { Command } from 'commander';
import { exampleText } from './example-text.ts';
import { withRepositoryOptions } from './repository-options.ts';
import type { Surroundings } from './surroundings.ts';

/** `pvebak pin|unpin|ack|adopt`: what people know of snapshots and guests. */
export function addMarkCommands(
  program: Command,
  runs: (work: Promise<number>) => Promise<void>,
  surroundings: Surroundings,
): void {
  withWish(program.command('pin <snapshot>'))
    .description('keep a snapshot, whatever retention says')
    .requiredOption('--reason <text>', 'why, for those who come later')
    .option('--until <date>', 'to the end of this day, such as 2027-03-31, or until a moment in RFC 3339')
    .addHelpText(
      'after',
      exampleText(
        "pvebak pin 4f1c22aa --reason 'before the upgrade'",
        'pvebak pin qemu/101 --reason audit --until 2027-03-31',
      ),
    )
    .action((snapshot: string, options) =>
      runs(
        import('./commands/pin-command.ts').then(({ pinCommand }) =>
          pinCommand({ ...NOT_GIVEN, until: undefined, ...options, snapshot }, surroundings),
        ),
      ),
    );

  withWish(program.command('unpin <snapshot>'))
    .description('let retention decide again about a snapshot')
    .addHelpText('after', exampleText('pvebak unpin 4f1c22aa'))
    .action((snapshot: string, options) =>
      runs(
        import('./commands/pin-command.ts').then(({ unpinCommand }) =>
          unpinCommand({ ...NOT_GIVEN, ...options, snapshot }, surroundings),
        ),
      ),
    );

  withWish(program.command('ack <guest>'))
    .description('say that the unusual growth of a guest was looked at: what is old may be forgotten again')
    .option('--reason <text>', 'what it was', '')
    .addHelpText('after', exampleText("pvebak ack qemu/144 --reason 'new mail archive'"))
    .action((guest: string, options) =>
      runs(
        import('./commands/ack-command.ts').then(({ ackCommand }) =>
          ackCommand({ ...NOT_GIVEN, ...options, guest: undefined, snapshot: guest }, surroundings),
        ),
      ),
    );

  withRepositoryOptions(program.command('adopt <old> [new]'))
    .description(
      'let the history of a guest go on in another one: the same machine with another vmid, host or uuid',
    )
    .option('--site <file>', 'the site file; site.yaml when it is not given')
    .option('--undo', 'let it go on there no longer', false)
    .option('--reason <text>', 'why, for those who come later', '')
    .addHelpText(
      'after',
      exampleText(
        'pvebak adopt qemu/101 qemu/201',
        'pvebak adopt fra/qemu/101 ber/qemu/101 --reason "went to Berlin"',
        'pvebak adopt 0c4f66e2a9d31b70 51be02c9f8a7d344',
        'pvebak adopt qemu/101 --undo',
      ),
    )
    .action((old: string, current: string | undefined, options) =>
      runs(
        import('./commands/adopt-command.ts').then(({ adoptCommand }) =>
          adoptCommand({ ...NOT_GIVEN, ...options, old, current }, surroundings),
        ),
      ),
    );
}

const NOT_GIVEN = {
  site: undefined,
  repo: undefined,
  passwordFile: undefined,
  guest: undefined,
  from: undefined,
} as const;

/** As with the commands that look into snapshots: the site is named by an option. */
function withWish(command: Command): Command {
  return withRepositoryOptions(command)
    .option('--site <file>', 'the site file; site.yaml when it is not given')
    .option('--guest <guest>', 'with latest: of what, such as qemu/101')
    .option('--from <host>', 'the id of the host, where several have such a guest');
}
