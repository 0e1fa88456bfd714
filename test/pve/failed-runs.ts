import type { ToolRun } from '../../src/pve/tool-failure.ts';
import type { Recording } from '../lab/recording.ts';

export type NamedRecording = Recording;

/** A line that prints the status of a command of the recording. */
const PRINTED =
  /^(?:(?:local ssh |second |first )?exit|rc|status of vzdump[^:]*|qm stop(?: --skiplock)?|no force|force|destroy|unlock)(?:: |=| )(\d+)$/;

/** Whether a command of the recording failed: by a status, by its log, or by what is missing from it. */
export function isFailure(recording: Recording): boolean {
  const { exitCode, stdout, stderr } = recording;
  return (
    exitCode !== 0 ||
    statuses(recording).some((status) => status !== 0) ||
    /^ERROR: /m.test(stdout + stderr) ||
    endsEarly(recording)
  );
}

/** Silence for a guest of another node; a job or a restore that was begun, and of whose end nothing is said. */
function endsEarly({ command, stdout, stderr, magic }: Recording): boolean {
  const said = stdout + stderr;
  const begun = /starting new backup job|^extracting archive from|^restore vma archive/m.test(said);
  const ended = /Backup job finished|^Total bytes read|^total bytes read|rescan volumes/m.test(said);
  const isSilent =
    command.startsWith('vzdump') && stderr === '' && magic === undefined && /^[\s0]*$/.test(stdout);
  return isSilent || (begun && !ended);
}

function statuses({ stdout }: Recording): readonly number[] {
  return stdout.split('\n').flatMap((line) => (PRINTED.test(line) ? [Number(PRINTED.exec(line)?.[1])] : []));
}

/** The runs of tools in a recording that failed, each with what it said itself. */
export function runsOf(recording: Recording): readonly ToolRun[] {
  const spoken = SEVERAL.get(recording.name) ?? [{ command: recording.command }];
  return spoken.map(({ command, stdout, stderr }) => {
    const argv = argvOf(command);
    const first = statuses(recording).find((printed) => printed !== 0) ?? recording.exitCode;
    return {
      tool: toolOf(argv),
      argv,
      exit: recording.name.startsWith('ssh-')
        ? { kind: 'lost', reason: 'the client was killed' }
        : { kind: 'status', status: first },
      stdout: stdout ?? recording.stdout,
      stderr: stderr ?? ownWords(recording, argv),
    };
  });
}

const TOOL = /\b(vzdump|qmrestore|pct|qm|pvesh)(?= [a-z/<\d-]|$)([^;|<>&')]*)/;

function argvOf(command: string): readonly string[] {
  const [, tool = '', rest = ''] = TOOL.exec(command) ?? [];
  return [tool, ...rest.trim().split(/\s+/)].filter((word) => word !== '');
}

function toolOf(argv: readonly string[]): ToolRun['tool'] {
  const [tool = ''] = argv;
  if (tool === 'vzdump' || tool === 'qmrestore' || tool === 'pct' || tool === 'qm' || tool === 'pvesh')
    return tool;
  throw new Error(`no tool in the recording: ${argv.join(' ')}`);
}

/** Without the words of the commands that looked at the outcome afterwards. */
function ownWords({ stderr }: Recording, [tool, action]: readonly string[]): string {
  const looksItself = (tool === 'qm' || tool === 'pct') && action !== 'restore' && action !== 'set';
  return stderr
    .split('\n')
    .filter((line) => !/^ls: |^tail: |^(?:\/bin\/)?bash: /.test(line))
    .filter(
      (line) =>
        looksItself ||
        tool === 'pvesh' ||
        !/^Configuration file '.*' does not exist$|^No 'get' handler/.test(line),
    )
    .join('\n');
}

interface Spoken {
  /** The part of the recording's command. */
  readonly command: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** Recordings of several failures, and of those whose words went elsewhere than to stderr. */
const SEVERAL: ReadonlyMap<string, readonly Spoken[]> = new Map<string, readonly Spoken[]>([
  [
    'pct-restore-after-leftover-create-lock',
    [
      { command: 'pct restore 234 - --rootfs local:0', stderr: "CT 234 already exists on node 'pve1'" },
      {
        command: 'pct restore 234 - --rootfs local:0 --force',
        stderr: 'unable to restore CT 234 - CT is locked (create)',
      },
      { command: 'pct destroy 234', stderr: 'CT is locked (create)' },
    ],
  ],
  ['pct-restore-locked-existing', [{ command: 'pct restore 223 - --rootfs local:0 --force 1' }]],
  ['pct-restore-protected-existing', [{ command: 'pct restore 223 - --rootfs local:0 --force 1' }]],
  [
    'pct-restore-sigterm',
    [
      {
        command: 'pct restore 238 - --rootfs local:0',
        stderr: "unable to restore CT 238 - command 'tar xpf - --totals' failed: received interrupt",
      },
    ],
  ],
  ['pct-restore-force-truncated-existing', [{ command: 'pct restore 217 - --rootfs local:0 --force' }]],
  [
    'pvesh-create-failing-task',
    [
      {
        command: 'pvesh create /nodes/pve1/qemu/105/status/shutdown --timeout 1',
        stdout: 'UPID:pve1:00000566:0006A7D9:6B0329EE:qmshutdown:105:root@pam:',
        stderr: 'VM 105 not running',
      },
      { command: 'pvesh create /nodes/pve1/vzdump --vmid 999 --compress 0', stderr: 'job errors' },
      {
        command: 'pvesh create /nodes/pve1/qemu/104/status/start',
        stdout: 'UPID:pve1:0000056C:0006A88B:6B0329F0:qmstart:104:root@pam:',
        stderr: 'VM is locked (backup)',
      },
    ],
  ],
  [
    'qm-stop-during-backup',
    [
      { command: 'qm stop 105', stderr: 'VM is locked (backup)' },
      {
        command: 'vzdump 105 --stdout --mode snapshot --compress 0 --bwlimit 100000',
        stderr:
          'INFO: Starting Backup of VM 105 (qemu)\nERROR: Backup of VM 105 failed - VM 105 not running\njob errors',
      },
    ],
  ],
  ['qm-destroy-protected', [{ command: 'qm destroy 115' }]],
  ['qmrestore-force-truncated-existing', [{ command: 'qmrestore - 113 --force' }]],
  ['qmrestore-locked-force', [{ command: 'qmrestore - 104 --force' }]],
  ['qmrestore-running-force', [{ command: 'qmrestore - 105 --force' }]],
  ['qmrestore-after-failed-no-force', [{ command: 'qmrestore - 115' }]],
  ['qmrestore-storage-missing-in-config', [{ command: 'qmrestore - 126' }]],
  [
    'qmrestore-sigterm',
    [
      {
        command: 'qmrestore - 138',
        stderr: "command 'set -o pipefail && vma extract -v -r a - b' failed: interrupted by signal",
      },
    ],
  ],
  [
    'vzdump-conf-storage-set',
    [
      {
        command: 'vzdump 201 --stdout --compress 0',
        stderr: "cannot use options 'storage' and 'stdout' at the same time",
      },
    ],
  ],
  [
    'vzdump-storage-local-without-backup-content',
    [
      {
        command: 'vzdump 201 --stdout --compress 0',
        stderr:
          "could not get storage information for 'local': can't use storage 'local' for backups - wrong content type",
      },
    ],
  ],
  [
    'vzdump-vm-after-worker-sigkill',
    [
      {
        command: 'vzdump 108 --stdout --compress 0',
        stderr: 'ERROR: Backup of VM 108 failed - VM is locked (backup)\njob errors',
      },
    ],
  ],
  ['vzdump-two-at-once-lockwait0', [{ command: 'vzdump 201 --stdout --lockwait 0 --compress 0' }]],
]);
