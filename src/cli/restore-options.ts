import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseSize } from '../config/parse-size.ts';
import type { RestoreCommandOptions } from './commands/restore-command.ts';
import { exampleText } from './example-text.ts';
import { withRepositoryOptions } from './repository-options.ts';

/** Describes `pvebak restore` to the parser of arguments. */
export function addRestoreCommand(
  program: Command,
  run: (options: RestoreCommandOptions) => Promise<void>,
): void {
  const command = withRepositoryOptions(program.command('restore [snapshot]'))
    .description('restore a snapshot, or many, to a host of the site or to any node without a site file')
    .requiredOption('--to <host>', 'a host of the site; or root@NODE[:PORT]; or local, on the node itself')
    .option('--site <file>', 'the site file; by default site.yaml, unless --repo is given');
  for (const add of [whichOptions, loginOptions, targetOptions]) add(command);
  command
    .option('-y, --yes', 'do not ask', false)
    .option('--json', 'one JSON object a line', false)
    .addHelpText(
      'after',
      exampleText(
        'pvebak restore 4f1c22aa --to pve --vmid 901 --storage local-lvm',
        'pvebak restore 4f1c22aa --to pve --replace',
        'pvebak restore 4f1c22aa --repo /mnt/backup/pvebak --to root@10.0.0.10 --ask-password',
        'pvebak restore --latest --all --to lab --vmid-offset 9000 --map-bridge vmbr1=vmbr0',
      ),
    )
    .action((snapshot: string | undefined, options) => run({ ...NOT_GIVEN, ...options, snapshot }));
}

function whichOptions(command: Command): void {
  command
    .option('--run <id>', 'instead of a snapshot: all that this run has backed up')
    .option('--latest', 'instead of a snapshot: the newest of each guest', false)
    .option('--guests <list>', 'with --run or --latest: only these, as qemu/101,lxc/105')
    .option('--all', 'with --latest: every guest that has a snapshot', false)
    .option('--from <id>', 'with --run or --latest: the host that the backups are of')
    .option('--order <list>', 'with --run or --latest: these first; the others follow by vmid');
}

function loginOptions(command: Command): void {
  command
    .option('--identity-file <file>', 'for root@NODE: the private key; by default the agent is asked')
    .option('--ask-passphrase', 'for --identity-file: ask for its passphrase', false)
    .option('--ask-password', 'for root@NODE: ask for the password', false)
    .option('--sudo', 'for USER@NODE: that user runs everything there through sudo', false)
    .option('--host-key <fingerprint>', 'for root@NODE: its host key, SHA256:... (repeatable)', collect, [])
    .option(
      '--known-hosts <file>',
      "for root@NODE: where its host key is; by default the user's and the system's (repeatable)",
      collect,
      [],
    )
    .option('--dump-dir <folder>', 'where the archive is put on the node meanwhile');
}

function targetOptions(command: Command): void {
  command
    .option('--vmid <id>', 'the new vmid; by default the one it had')
    .option('--vmid-offset <n>', 'added to the vmid that each had', parseOffset)
    .option('--storage <name>', 'where its disks are put; by default where they were')
    .option(
      '--map-storage <old=new>',
      'where disks of one storage are put (repeatable)',
      collectPair,
      new Map(),
    )
    .option(
      '--map-bridge <old=new>',
      'the bridge instead of another one (repeatable)',
      collectPair,
      new Map(),
    )
    .option('--pool <name>', 'the pool it is added to')
    .option('--bwlimit <size>', 'the most that is written each second, such as 100MiB', parseBandwidth)
    .addOption(
      new Option(
        '--mode <mode>',
        'staged: as a file in the dump folder; streamed: straight into the tool; auto: what the guest allows',
      ).choices(['auto', 'staged', 'streamed']),
    )
    .option('--unique', 'new hardware addresses and, for a VM, a new uuid', false)
    .option('--start', 'start it afterwards', false)
    .option('--replace', 'stop and overwrite the guest that has the vmid', false)
    .addOption(
      new Option(
        '--allow <what>',
        'host-access: lines of its configuration that reach the node, which are refused otherwise',
      )
        .argParser(parseAllowed)
        .default([]),
    );
}

const NOT_GIVEN = {
  site: undefined,
  repo: undefined,
  passwordFile: undefined,
  identityFile: undefined,
  dumpDir: undefined,
  run: undefined,
  guests: undefined,
  from: undefined,
  order: undefined,
  vmid: undefined,
  vmidOffset: undefined,
  storage: undefined,
  pool: undefined,
  bwlimit: undefined,
  mode: undefined,
} as const;

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Names of storages and bridges, as in a site file. */
function collectPair(value: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, from, to] = /^([A-Za-z][\w.-]*)=([A-Za-z][\w.-]*)$/.exec(value) ?? [];
  if (from === undefined || to === undefined) throw new InvalidArgumentError('it must be OLD=NEW.');
  if (before.has(from)) throw new InvalidArgumentError(`${from} is given twice.`);
  return new Map([...before, [from, to]]);
}

function parseAllowed(value: string): RestoreCommandOptions['allow'] {
  if (value === 'host-access') return [value];
  throw new InvalidArgumentError('what can be allowed is: host-access.');
}

function parseOffset(value: string): number {
  if (!/^-?\d{1,9}$/.test(value)) throw new InvalidArgumentError('it must be a whole number.');
  return Number(value);
}

/** @returns KiB, at least 1: the tools take 0 for no limit */
function parseBandwidth(value: string): number {
  const bytes = parseSize(value);
  if (bytes === undefined) throw new InvalidArgumentError('it must be a size such as 100MiB.');
  return Math.max(1, Math.floor(bytes / 1024));
}
