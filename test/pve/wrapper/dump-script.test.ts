import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseGuestRef } from '../../../src/pve/guest.ts';
import { wrappedDump } from '../../../src/pve/wrapper/dump-script.ts';
import { openLocalShell } from '../../../src/transport/local-shell.ts';
import type { Shell } from '../../../src/transport/shell.ts';
import { runDump } from './run-wrapped.ts';
import { MARK, whatIsLeft } from './what-is-left.ts';

/** Each test has a vmid of its own, by which its folders and processes are known. */
let vmid = 870_000 + (process.pid % 10_000) * 10;
let mark: string;
let dumpDir: string;
let shell: Shell;

beforeEach(() => {
  vmid++;
  mark = `qemu-${vmid}`;
  dumpDir = mkdtempSync(join(tmpdir(), 'pvebak-dump-'));
  shell = openLocalShell({ environment: { ...process.env, [MARK]: mark } });
});

afterEach(async () => {
  await shell[Symbol.asyncDispose]();
  rmSync(dumpDir, { recursive: true });
});

/** A dump in shell script. @param interpreter what runs the wrapper, where `sh` is another shell than dash */
function dump(script: string, interpreter = 'sh', silenceSeconds = 60) {
  const guest = parseGuestRef(`qemu/${vmid}`);
  if (guest === undefined) throw new Error(`no guest ${vmid}`);
  const argv = wrappedDump(['/bin/bash', '-c', script], { guest, dumpDir, silenceSeconds });
  return argv.map((word, index) => (index === 2 ? interpreter : word));
}

const success = { kind: 'status', status: 0 };

describe.each(['dash', 'bash'])('a wrapped dump under %s', (interpreter) => {
  test('passes 100 MiB on unchanged, and the log to its last word', async () => {
    const script = `for i in $(seq 500); do echo "line $i"; done >&2
      openssl enc -aes-128-ctr -K 00 -iv 00 </dev/zero 2>/dev/null | head -c 104857600; echo -n last >&2`;
    const content = await runDump(shell, ['/bin/bash', '-c', script], { mute: true });
    const done = await runDump(shell, dump(script, interpreter));
    expect(done).toMatchObject({ exit: success, bytes: 104_857_600, sha256: content.sha256 });
    expect(done.stderr).toBe(content.stderr);
    expect(await whatIsLeft(mark)).toEqual([]);
  });

  test.each([
    ['0', 'exit 0', 0],
    ['that of a failure', 'echo gone wrong >&2; exit 255', 255],
    ['that of a signal, as shells have it', 'kill -KILL $$', 137],
    ['that of a program that is not there', 'exec no-such-program', 127],
  ])('ends with the status of the dump: %s', async (_, script, status) => {
    const { exit } = await runDump(shell, dump(script, interpreter));
    expect(exit).toEqual({ kind: 'status', status });
    expect(await whatIsLeft(mark)).toEqual([]);
  });

  test('sends the log while it is written', async () => {
    const heard = join(dumpDir, 'heard');
    const script = `echo first >&2; until [ -e ${heard} ]; do sleep 0.1; done; echo second >&2`;
    const command = await shell.run(dump(script, interpreter));
    const words: string[] = [];
    for await (const piece of command.stderr) {
      words.push(String(piece));
      writeFileSync(heard, '');
    }
    expect(words).toEqual(['first\n', 'second\n']);
    await command.stdin.end();
    await command.exit;
  });

  test('gives the dump no input, and SIGPIPE as usual', async () => {
    const script = 'wc -c; (yes; echo "yes: $?" >&2) | head -n 1';
    const { stderr, bytes } = await runDump(shell, dump(script, interpreter));
    expect(stderr).toBe('yes: 141\n');
    expect(bytes).toBe('0\ny\n'.length);
  });

  test('removes the log file that the log tells of, and no other', async () => {
    const names = [
      `vzdump-qemu-${vmid}-2026_11_22-17_06_18.log`,
      `vzdump-qemu-${vmid}-2026_11_22-17_06_19.log`,
    ];
    for (const name of names) writeFileSync(join(dumpDir, name), '');
    await runDump(shell, dump('echo "INFO: Backup started at 2026-11-22 17:06:18" >&2', interpreter));
    expect(readdirSync(dumpDir)).toEqual(names.slice(1));
  });
});

/** Ends on TERM like vzdump: only while its stream is read, and with a word in the log. */
const patient = `trap 'stop=1' TERM
  while [ -z "$stop" ]; do head -c 1048576 /dev/zero || exit 3; sleep 0.01; done
  head -c 1048576 /dev/zero || exit 4
  echo ended >&2; exit 255`;

describe.each(['dash', 'bash'])('a dump that is given up under %s', (interpreter) => {
  test.each([
    ['at once', 0],
    ['later', 1_500],
  ])('%s, ends with its last words', async (_, giveUpAfterMs) => {
    const script = giveUpAfterMs === 0 ? `sleep 0.2; ${patient}` : patient;
    const given = await runDump(shell, dump(script, interpreter), { giveUpAfterMs });
    expect(given.exit.kind).toBe('status');
    expect(given.exit).not.toEqual(success);
    if (giveUpAfterMs > 0) expect(given).toMatchObject({ exit: { status: 255 }, stderr: 'ended\n' });
    expect(given.milliseconds).toBeLessThan(giveUpAfterMs + 30_000);
    expect(await whatIsLeft(mark)).toEqual([]);
  });

  test('because it is silent, ends and says so', async () => {
    const silent = await runDump(shell, dump(patient, interpreter, 1), { mute: true });
    expect(silent).toMatchObject({
      exit: { kind: 'status', status: 255 },
      stderr: 'pvebak was not heard for 1 s\nended\n',
    });
    expect(await whatIsLeft(mark)).toEqual([]);
  });

  test('because it reads no more, is over although nobody reads', async () => {
    const command = await shell.run(dump(patient, interpreter, 1));
    await expect.poll(() => whatIsLeft(mark)).toEqual([]);
    for await (const _ of command.stdout);
    expect(await command.exit).toEqual({ kind: 'status', status: 255 });
  });
});

test('a dump that does not heed TERM, has its stream broken half a minute later', {
  timeout: 90_000,
}, async () => {
  const deaf = `trap '' TERM; yes; echo "yes: $?" >&2; exit 9`;
  const given = await runDump(shell, dump(deaf), { giveUpAfterMs: 500 });
  expect(given).toMatchObject({ exit: { kind: 'status', status: 9 }, stderr: 'yes: 141\n' });
  expect(await whatIsLeft(mark)).toEqual([]);
});
