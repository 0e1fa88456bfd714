import type { Command } from 'commander';

/** The options of `RepositoryChoice` that are no argument. */
export function withRepositoryOptions(command: Command): Command {
  return command
    .option('--repo <path>', 'a repository, instead of a site file')
    .option(
      '--password-file <file>',
      'with --repo: its first line is the password; else PVEBAK_PASSWORD, RESTIC_PASSWORD_FILE or RESTIC_PASSWORD, else it is asked for',
    );
}
