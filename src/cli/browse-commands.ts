import type { Command } from 'commander';
import { exampleText } from './example-text.ts';
import { withRepositoryOptions } from './repository-options.ts';
import type { Surroundings } from './surroundings.ts';

/** `pvebak ls|dump|diff|find`: looking into snapshots. */
export function addBrowseCommands(
  program: Command,
  runs: (work: Promise<number>) => Promise<void>,
  surroundings: Surroundings,
): void {
  withWish(program.command('ls <snapshot> [path]'))
    .description('list a folder of a snapshot; without a path, that of its guest')
    .option('-r, --recursive', 'with all that is below it', false)
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', `${SNAPSHOT_HELP}${PATH_HELP}${JSON_HELP}`)
    .addHelpText(
      'after',
      exampleText(
        'pvebak ls qemu/101',
        'pvebak ls 4f1c22aa rootfs/etc --recursive',
        'pvebak ls latest --guest lxc/105 --repo /mnt/backup/pvebak',
      ),
    )
    .action((snapshot: string, path: string | undefined, options) =>
      runs(
        import('./commands/ls-command.ts').then(({ lsCommand }) =>
          lsCommand({ ...NOT_GIVEN, ...options, snapshot, path }, surroundings),
        ),
      ),
    );

  withWish(program.command('dump <snapshot> <path>'))
    .description('write a file, a disk or an archive of a snapshot to standard output, or a folder as a tar')
    .option('--target <file>', 'into this file, which is there whole or not at all; zeros become holes')
    .option('--force', 'with --target: replace a file that is there', false)
    .addHelpText('after', `${SNAPSHOT_HELP}${PATH_HELP}${TAR_HELP}`)
    .addHelpText(
      'after',
      exampleText(
        'pvebak dump qemu/101 qemu-server.conf',
        'pvebak dump 4f1c22aa drive-scsi0/drive-scsi0.raw --target scsi0.raw',
        'pvebak dump lxc/105 rootfs/etc | tar -x -C /tmp/etc',
      ),
    )
    .action((snapshot: string, path: string, options) =>
      runs(
        import('./commands/dump-command.ts').then(({ dumpCommand }) =>
          dumpCommand({ ...NOT_GIVEN, ...options, snapshot, path }, surroundings),
        ),
      ),
    );

  withWish(program.command('diff <before> <after>'))
    .description('what differs between two snapshots: configuration, disks, files of containers')
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', `${SNAPSHOT_HELP}${DIFF_HELP}${JSON_HELP}`)
    .addHelpText('after', exampleText('pvebak diff 4f1c22aa 9b00d1e5', 'pvebak diff 4f1c22aa qemu/101'))
    .action((before: string, after: string, options) =>
      runs(
        import('./commands/diff-command.ts').then(({ diffCommand }) =>
          diffCommand({ ...NOT_GIVEN, ...options, before, after }, surroundings),
        ),
      ),
    );

  withRepositoryOptions(program.command('find <name>'))
    .description('find files by name in all snapshots, or in some; * is any characters, ? is one')
    .option('--site <file>', SITE_OPTION)
    .option('--guest <guest>', 'only in snapshots of this guest, such as lxc/105')
    .option('--from <id>', 'only in backups of this host')
    .option('--snapshot <id>', 'only in this snapshot (repeatable)', collect, [])
    .option('-i, --ignore-case', 'take capital and small letters for the same', false)
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', `${PATTERN_HELP}${JSON_HELP}`)
    .addHelpText(
      'after',
      exampleText("pvebak find 'sshd_config*' --guest lxc/105", 'pvebak find -i readme.md'),
    )
    .action((name: string, options) =>
      runs(
        import('./commands/find-command.ts').then(({ findCommand }) =>
          findCommand({ ...NOT_GIVEN, ...options, name }, surroundings),
        ),
      ),
    );
}

function withWish(command: Command): Command {
  return withRepositoryOptions(command)
    .option('--site <file>', SITE_OPTION)
    .option('--guest <guest>', 'with the snapshot `latest`: whose, such as qemu/101')
    .option('--from <id>', 'with the newest of a guest: the host that the backups are of');
}

const SITE_OPTION = 'the site file; by default site.yaml, unless --repo is given';

const NOT_GIVEN = {
  site: undefined,
  repo: undefined,
  passwordFile: undefined,
  guest: undefined,
  from: undefined,
  target: undefined,
} as const;

const SNAPSHOT_HELP = `
A snapshot is an id or at least 4 digits of its beginning, as \`pvebak snapshots\` lists them; or a guest, qemu/101, or a
node, node/fra1, for its newest one; or latest with --guest.
`;

const PATH_HELP = `
A path begins in the guest's folder, or with a slash at the root of the snapshot: drive-scsi0/drive-scsi0.raw is
/qemu/101/drive-scsi0/drive-scsi0.raw. What cannot be printed of a name is shown as an escape, such as \\xe9 or \\n, and a path
may be typed with these.
`;

const JSON_HELP = `
In JSON a path is text; one that is no UTF-8 has its bytes in base64 beside it, as pathBytes.
`;

const TAR_HELP = `
The names in a tar are relative to the folder, ./passwd. Owners are numbers. \`tar -x --xattrs --xattrs-include='*' --acls\`
restores extended attributes and access control lists as well. Sockets are left out, and said.
`;

const DIFF_HELP = `
Files are A added, D removed, T of another type, M of other content, U of other metadata only: mode, owner, time, extended
attributes. Of a disk is said how much can have changed at most, as whole chunks are compared. The archive of a VM is made of its disks
and is not shown; nor are pvebak.json and vzdump.log, which differ each time.
`;

const PATTERN_HELP = `
Names are compared one by one, without their folders. A pattern in quotes is kept from the shell. \\*, \\? and \\\\ are these
characters themselves, and \\xe9 is a byte.
`;

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
