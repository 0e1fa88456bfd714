import type { Command } from 'commander';
import type { NbdCommandOptions } from './commands/nbd-command.ts';
import { exampleText } from './example-text.ts';
import { withRepositoryOptions } from './repository-options.ts';

/** Describes `pvebak nbd` to the parser of arguments. */
export function addNbdCommand(program: Command, run: (options: NbdCommandOptions) => Promise<void>): void {
  withRepositoryOptions(program.command('nbd <snapshot> <disk>'))
    .description(
      "serve a VM's disk, read-only, as a network block device on a unix socket: files are a mount away",
    )
    .option('--site <file>', 'the site file; by default site.yaml, unless --repo is given')
    .option('--guest <guest>', 'with the snapshot `latest`: whose, such as qemu/101')
    .option('--from <id>', 'with the newest of a guest: the host that the backups are of')
    .option('--socket <path>', 'where the socket is made; by default in a new folder that only you may enter')
    .option('--once', 'end when the last client has left', false)
    .addHelpText(
      'after',
      exampleText(
        'pvebak nbd 4f1c22aa scsi0',
        'pvebak nbd qemu/101 scsi0 --once',
        'pvebak nbd 4f1c22aa scsi0 --repo /mnt/backup/pvebak --socket /run/web.sock',
      ),
    )
    .action((snapshot: string, disk: string, options) => run({ ...NOT_GIVEN, ...options, snapshot, disk }));
}

const NOT_GIVEN = {
  site: undefined,
  repo: undefined,
  passwordFile: undefined,
  guest: undefined,
  from: undefined,
  socket: undefined,
} as const;
