/**
 * Every recording of a real tool that failed, with what pvebak makes of it. The table is a file for people to read,
 * `test/fixtures/pve/failures.md`: a recording that is not in it, or that now means something else, fails here.
 */
import { describe, expect, test } from 'vitest';
import { guestCommand } from '../../src/pve/commands.ts';
import { parseVmid } from '../../src/pve/guest.ts';
import { explainToolFailure, type ToolRun } from '../../src/pve/tool-failure.ts';
import { type Aborted, leftoversOf } from '../../src/pve/wrapper/leftovers.ts';
import { readRecordings } from '../lab/recording.ts';
import { isFailure, type NamedRecording, runsOf } from './failed-runs.ts';
import { LEFT, type Left, NO_FAILURE } from './failing-recordings-left.ts';

const recordings: readonly NamedRecording[] = [
  ...readRecordings('runs'),
  ...readRecordings('runs-pve9').map((recording) => ({ ...recording, name: `9.2 ${recording.name}` })),
];
const failing = recordings.filter((recording) => isFailure(recording) && !NO_FAILURE.has(recording.name));
const table = new URL('../fixtures/pve/failures.md', import.meta.url).pathname;

test('each failure has its row: who said it, what it means, what a user reads, what is left, what cleans it', async () => {
  const rows = failing.flatMap((recording) => runsOf(recording).map((run) => row(recording, run)));
  const head = [
    'recording',
    'command',
    'status',
    'category',
    'cause',
    'hint',
    'left on the node, and what cleans it',
  ];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`);
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(table);
});

describe('a recorded failure', () => {
  test.for(failing.map((recording) => [recording.name, recording] as const))(
    '%s is understood',
    ([, recording]) => {
      const explained = runsOf(recording).map(explainToolFailure);
      expect(explained).not.toEqual([]);
      for (const { category, cause } of explained) {
        expect(category).not.toBe('unknown');
        expect(cause).toMatch(/^[^\n]{3,300}$/);
      }
    },
  );

  test.for([...LEFT].map(([name, left]) => [name, left] as const))(
    '%s leaves what its recording shows',
    ([name, left]) => {
      const recording = recordings.find((known) => known.name === name);
      expect(failing).toContain(recording);
      const shown = left.state
        .filter((line) => !left.unseen?.includes(line))
        .map((line) => line.replace(/^(config|dump-folder|task) /, ''));
      for (const line of shown) expect(recording?.stdout).toContain(line);
      expect(leftCell(left)).not.toBe('');
    },
  );
});

test('what is no failure of a tool is one by the rules, and has its reason', () => {
  for (const [name] of NO_FAILURE) {
    expect(recordings.filter((recording) => recording.name === name && isFailure(recording))).toHaveLength(1);
  }
});

describe('a failure that was not recorded', () => {
  const run = (changes: Partial<ToolRun>): ToolRun => ({
    tool: 'qm',
    argv: guestCommand({ type: 'qemu', vmid: required(parseVmid(101)) }, 'start'),
    exit: { kind: 'status', status: 255 },
    stdout: '',
    stderr: '',
    ...changes,
  });

  test.for([
    [
      'a lost connection',
      { exit: { kind: 'lost', reason: 'timed out' }, stderr: 'VM is locked (backup)\n' },
      'connection-lost',
      'the connection was lost: timed out',
    ],
    ['a signal', { exit: { kind: 'signal', signal: 'KILL' } }, 'killed', 'ended by the signal KILL'],
    ['a missing tool', { exit: { kind: 'status', status: 127 } }, 'tool-missing', 'there is no qm'],
    ['no word at all', {}, 'unknown', 'status 255, without a word'],
    ['words of no known form', { stderr: 'boom\n' }, 'unknown', 'boom'],
    [
      'a full storage',
      {
        tool: 'qmrestore',
        argv: ['qmrestore', '-', '101'],
        stderr:
          "command 'set -o pipefail && vma extract -v -r a - b' failed: lvcreate 'pve/vm-101' error: Insufficient free space\n",
      },
      'no-space',
      "lvcreate 'pve/vm-101' error: Insufficient free space",
    ],
    [
      "a wait for the node's lock that took too long",
      {
        tool: 'vzdump',
        argv: ['vzdump', '101', '--stdout'],
        stderr:
          "INFO: trying to get global lock - waiting...\nERROR: can't acquire lock '/var/run/vzdump.lock' - got timeout\n",
      },
      'lock-timeout',
      "can't acquire lock '/var/run/vzdump.lock' - got timeout",
    ],
    [
      'a guest that another command has at the moment',
      { stderr: "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout\n" },
      'guest-locked',
      "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout",
    ],
    ['a hostile line', { stderr: `\u001b[31m${'x'.repeat(5000)}\n` }, 'unknown', ` [31m${'x'.repeat(294)}…`],
  ] as const)('%s', ([, changes, category, cause]) => {
    expect(explainToolFailure(run(changes))).toMatchObject({ category, cause });
  });
});

function row(recording: NamedRecording, run: ToolRun): readonly string[] {
  const { category, cause, hint = '' } = explainToolFailure(run);
  const { exit } = run;
  const status = exit.kind === 'status' ? String(exit.status) : exit.kind;
  return [
    recording.name,
    run.argv.join(' '),
    status,
    category,
    cause,
    hint,
    leftCell(LEFT.get(recording.name)),
  ];
}

function leftCell(left: Left | undefined): string {
  if (left === undefined) return 'nothing';
  // The guest is there, or nothing could be left of it.
  const seen = left.state.length === 0 ? [] : ['guest here', ...left.state];
  const found = leftoversOf(aborted(left.guest), seen.join('\n'));
  const said = found.map(({ kind, what, command }) => `${kind} ${what}: \`${command.join(' ')}\``);
  return [...said, ...(left.lost === undefined ? [] : [left.lost])].join('; ');
}

function aborted([task, type, id]: readonly [Aborted['task'], 'qemu' | 'lxc', number]): Aborted {
  return { task, guest: { type, vmid: required(parseVmid(id)) }, dumpDir: '/var/lib/vz/dump' };
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not parsed');
  return value;
}
