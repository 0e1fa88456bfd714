/** The commands that pvebak runs on nodes, each made by the function that makes it in earnest. */
import { lookUpVmid } from '../../src/apply/look-up-guest.ts';
import { stagedTool } from '../../src/apply/restore-staged-tool.ts';
import { freeBytesOf, readTargetFacts } from '../../src/apply/restore-target-facts.ts';
import { clusterFilesCommand } from '../../src/pve/cluster-files.ts';
import {
  type Argv,
  guestCommand,
  guestSetCommand,
  pctRestoreCommand,
  pveshGet,
  qmrestoreCommand,
  vzdumpCommand,
} from '../../src/pve/commands.ts';
import { type GuestRef, parseGuestRef, parseNodeName } from '../../src/pve/guest.ts';
import { NODE_CONFIG_COMMAND } from '../../src/pve/node-config-command.ts';
import { claimCommand } from '../../src/pve/wrapper/claim-script.ts';
import { wrappedDump } from '../../src/pve/wrapper/dump-script.ts';
import { leftoversCommand } from '../../src/pve/wrapper/leftovers.ts';
import { wrappedRestore } from '../../src/pve/wrapper/restore-script.ts';
import { stageCommand } from '../../src/pve/wrapper/stage-script.ts';
import { lineWithStatus } from '../../src/transport/openssh-status.ts';
import { quoteArgv } from '../../src/transport/quote-argv.ts';
import type { Shell } from '../../src/transport/shell.ts';

export const DUMP_DIR = '/var/lib/vz/dump';
export const VM = guest('qemu/101');
export const CT = guest('lxc/105');
export const NODE = promised(parseNodeName('pve1'));
const STAGED_VM = `${DUMP_DIR}/vzdump-qemu-101-pvebak-4f1c22aa.vma`;
const STAGED_CT = `${DUMP_DIR}/vzdump-lxc-105-pvebak-4f1c22aa.tar`;
const SNAPSHOT = '4f1c22aa'.repeat(8);

export const DUMP = wrappedDump(
  vzdumpCommand({ vmid: VM.vmid, mode: 'snapshot', compress: '0', dumpDir: DUMP_DIR, lockwaitMinutes: 10 }),
  { guest: VM, dumpDir: DUMP_DIR },
);

export const CLAIM = claimCommand({
  guest: VM,
  repository: SNAPSHOT,
  holder: {
    run: '00112233aabbccdd',
    hostname: 'backup-1.example.org',
    pid: 4711,
    since: '2026-11-28T02:00:00+01:00',
  },
});

/** What makes backups. */
export const BACKUP_COMMANDS: readonly Argv[] = [
  ['hostname'],
  pveshGet('/version'),
  pveshGet('/cluster/status'),
  pveshGet('/cluster/resources'),
  clusterFilesCommand,
  ...(await commandsOf((shell) => lookUpVmid(shell, VM.vmid))),
  DUMP,
  wrappedDump(
    vzdumpCommand({
      vmid: CT.vmid,
      mode: 'stop',
      compress: 'zstd',
      dumpDir: DUMP_DIR,
      node: NODE,
      lockwaitMinutes: 0,
      stopwaitMinutes: 10,
      bwlimitKiB: 204_800,
      ionice: 8,
      excludePath: ["/srv/it's here", '*.tmp', '/var/cache/?*'],
      pigzThreads: 0,
      zstdThreads: 8,
      version: { release: '9.2', version: '9.2.1' },
      fleecing: { storage: 'local-lvm' },
      performance: { maxWorkers: 4, pbsEntriesMax: 1_000_000 },
      notificationMode: 'auto',
    }),
    { guest: CT, dumpDir: DUMP_DIR, silenceSeconds: 2 },
  ),
  CLAIM,
  leftoversCommand({ guest: VM, dumpDir: DUMP_DIR, task: 'dump' }),
  leftoversCommand({
    guest: CT,
    dumpDir: DUMP_DIR,
    task: 'restore',
    stagedArchive: STAGED_CT,
    dumpLog: `${DUMP_DIR}/vzdump-lxc-105-2026_11_28-13_00_00.log`,
  }),
];

/** What restores, beside those. */
export const RESTORE_COMMANDS: readonly Argv[] = [
  ...(
    await commandsOf(async (shell) => {
      await readTargetFacts(shell, { node: NODE, vmid: VM.vmid }, new AbortController().signal);
    })
  ).filter((argv) => !argv.includes(String(VM.vmid))),
  ...(await commandsOf((shell) => freeBytesOf(shell, DUMP_DIR, new AbortController().signal))),
  stageCommand(STAGED_VM, { guest: VM }),
  wrappedRestore(qmrestoreCommand({ vmid: VM.vmid, archive: '-', storage: 'local-lvm', force: true }), {
    guest: VM,
  }),
  wrappedRestore(
    pctRestoreCommand({
      vmid: CT.vmid,
      archive: '-',
      rootfs: 'local-lvm:8.5,mountoptions=noatime',
      mountPoints: [{ key: 'mp0', value: 'local:0,mp=/srv/it is here,backup=1' }],
      unprivileged: true,
      unique: true,
      pool: 'prod/web',
      bwlimitKiB: 0,
    }),
    { guest: CT },
  ),
  wrappedRestore(
    stagedTool({
      argv: qmrestoreCommand({ vmid: VM.vmid, archive: STAGED_VM }),
      path: STAGED_VM,
      keep: true,
    }),
    { guest: VM },
  ),
  wrappedRestore(
    stagedTool({
      argv: pctRestoreCommand({ vmid: CT.vmid, archive: STAGED_CT, storage: 'local-lvm' }),
      path: STAGED_CT,
      keep: false,
    }),
    { guest: CT },
  ),
  ...(['status', 'start', 'stop', 'template'] as const).map((action) => guestCommand(VM, action)),
  guestCommand(CT, 'stop'),
  guestSetCommand(CT, { net0: 'name=eth0,bridge=vmbr0', net12: 'name=eth1,bridge=vmbr1' }),
  guestSetCommand(VM, { description: `- it's mine\n$(id)\npvebak: restored from ${SNAPSHOT}` }),
];

export const NODE_CONFIG: Argv = NODE_CONFIG_COMMAND;

/** The lines that the clients send for a command: ssh2, openssh, and either with sudo. */
export function linesFor(argv: Argv): readonly string[] {
  const withSudo = ['sudo', '-n', '--', ...argv];
  const mark = `[pvebak ${'0a'.repeat(12)}]`;
  return [quoteArgv(argv), lineWithStatus(argv, mark), quoteArgv(withSudo), lineWithStatus(withSudo, mark)];
}

/** The words of a line that `quoteArgv` made. */
export function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'((?:[^']|'\\'')*)'(?: |$)/g)].map(([, word = '']) =>
    word.replaceAll("'\\''", "'"),
  );
}

/** Every `sh -c` script that the commands hold, and the one for the status of openssh, by name. */
export const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ['status', scriptIn(wordsOf(lineWithStatus(['true'], 'mark')))],
  ['cluster-files', scriptIn(clusterFilesCommand)],
  ['look-up', scriptIn((await commandsOf((shell) => lookUpVmid(shell, VM.vmid)))[0])],
  ['leftovers', scriptIn(leftoversCommand({ guest: VM, dumpDir: DUMP_DIR, task: 'dump' }))],
  ['dump', scriptIn(DUMP)],
  ['claim', scriptIn(CLAIM)],
  ['target-files', scriptIn(RESTORE_COMMANDS.find((argv) => argv[0] === 'sh' && argv.length === 3))],
  ['stage', scriptIn(stageCommand(STAGED_VM, { guest: VM }))],
  ['restore', scriptIn(wrappedRestore(['true'], { guest: VM }))],
  ['staged-tool', scriptIn(stagedTool({ argv: ['true'], path: STAGED_VM, keep: true }))],
]);

function scriptIn(argv: readonly string[] = []): string {
  return promised(argv[argv.indexOf('-c') + 1]);
}

/** What some work runs on a node of which it learns nothing. */
async function commandsOf(work: (shell: Shell) => Promise<unknown>): Promise<readonly Argv[]> {
  const commands: Argv[] = [];
  const shell: Shell = {
    where: 'nowhere',
    async run(argv) {
      commands.push(argv);
      return {
        stdout: nothing(),
        stderr: nothing(),
        stdin: { write: async () => undefined, end: async () => undefined },
        exit: Promise.resolve({ kind: 'status', status: 0 }),
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  await work(shell).catch(() => undefined);
  return commands;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function guest(text: string): GuestRef {
  return promised(parseGuestRef(text));
}

function promised<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a sample that is none');
  return value;
}
