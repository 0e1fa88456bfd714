import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type GuestRef, parseGuestRef } from '../../../src/pve/guest.ts';
import { type SendOptions, sendArchive } from '../../../src/pve/wrapper/frames.ts';
import { wrappedRestore } from '../../../src/pve/wrapper/restore-script.ts';
import { stageCommand } from '../../../src/pve/wrapper/stage-script.ts';
import { openLocalShell } from '../../../src/transport/local-shell.ts';
import type { Shell } from '../../../src/transport/shell.ts';
import { text } from './run-wrapped.ts';
import { MARK, whatIsLeft } from './what-is-left.ts';

/** Each test has a vmid of its own, by which its folders and processes are known. */
let vmid = 770_000 + (process.pid % 10_000) * 10;
let guest: GuestRef;
let mark: string;
let dumpDir: string;
let shell: Shell;

beforeEach(() => {
  vmid++;
  mark = `qemu-${vmid}`;
  guest = parsed(mark.replace('-', '/'));
  dumpDir = mkdtempSync(join(tmpdir(), 'pvebak-stage-'));
  shell = openLocalShell({ environment: { ...process.env, [MARK]: mark } });
});

afterEach(async () => {
  await shell[Symbol.asyncDispose]();
  rmSync(dumpDir, { recursive: true });
});

function parsed(name: string): GuestRef {
  const found = parseGuestRef(name);
  if (found === undefined) throw new Error(`no guest ${name}`);
  return found;
}

async function* megabytes(count: number, pauseAfter?: { readonly count: number; readonly ms: number }) {
  const piece = Buffer.alloc(1024 * 1024, 'abc');
  for (let index = 0; index < count; index++) {
    if (index === pauseAfter?.count) await sleep(pauseAfter.ms);
    yield piece;
  }
}

async function send(
  argv: readonly string[],
  source: AsyncIterable<Uint8Array>,
  options: SendOptions = { everyMs: 500 },
) {
  const begun = performance.now();
  const command = await shell.run(argv);
  const sending = sendArchive(command, source, options).catch(() => undefined);
  const [stdout, stderr] = await Promise.all([text(command.stdout), text(command.stderr)]);
  await sending;
  return { exit: await command.exit, stdout, stderr, milliseconds: performance.now() - begun };
}

const success = { kind: 'status', status: 0 };
/** Ends on TERM as qmrestore does, with a last word, and would take the end of its input for success. */
const tool = `trap 'echo stopped; exit 255' TERM; cat <&0 >/dev/null & wait; echo whole`;

describe.each(['dash', 'bash'])('a wrapped restore under %s', (interpreter) => {
  const restore = (script: string, silenceSeconds = 2) =>
    wrappedRestore(['/bin/bash', '-c', script], { guest, silenceSeconds }).map((word, index) =>
      index === 2 ? interpreter : word,
    );

  test('passes the archive on unchanged, and what the tool says', async () => {
    const { exit, stdout, stderr } = await send(
      restore('sha1sum; echo two words >&2; exit 3'),
      megabytes(100),
    );
    const hash = createHash('sha1');
    for await (const piece of megabytes(100)) hash.update(piece);
    expect(exit).toEqual({ kind: 'status', status: 3 });
    expect(stdout).toBe(`${hash.digest('hex')}  -\n`);
    expect(stderr).toBe('two words\n');
    expect(await whatIsLeft(mark)).toEqual([]);
  });

  test.each([
    ['the tool is slow to read', 'sleep 4; wc -c', megabytes(20)],
    ['the source is slow and says so', 'wc -c', megabytes(20, { count: 10, ms: 4_000 })],
  ])('is not disturbed when %s', async (_, script, source) => {
    expect(await send(restore(script), source)).toMatchObject({ exit: success, stdout: '20971520\n' });
    expect(await whatIsLeft(mark)).toEqual([]);
  });

  test.each([
    ['cut', megabytes(40, { count: 20, ms: 6_000 }), { abortMs: 1_000 }, /ended before/],
    ['silent', megabytes(40, { count: 20, ms: 6_000 }), { abortMs: 60_000 }, /not heard for 2 s/],
  ])('ends the tool by TERM when the client is %s', async (_, source, { abortMs }, words) => {
    const options = { everyMs: 60_000, signal: AbortSignal.timeout(abortMs) };
    const done = await send(restore(tool), source, options);
    expect(done).toMatchObject({ exit: { kind: 'status', status: 255 }, stdout: 'stopped\n' });
    expect(done.stderr).toMatch(words);
    expect(await whatIsLeft(mark)).toEqual([]);
  });

  test('ends with a tool that ends early, without TERM while that cleans up', async () => {
    const script = `trap 'echo disturbed' TERM; exec <&-; sleep 1; echo exists >&2; exit 2`;
    const done = await send(restore(script), megabytes(100));
    expect(done).toMatchObject({ exit: { status: 2 }, stdout: '', stderr: 'exists\n' });
    expect(await whatIsLeft(mark)).toEqual([]);
  });

  test('ends with the tool also when the connection has gone since the end mark', async () => {
    const script = 'cat >/dev/null; echo unheard; echo unheard >&2; sleep 1';
    const deaf = ['bash', '-c', '"$@" > >(exit) 2> >(exit)', 'bash', ...restore(script, 300)];
    const runs = await Promise.all([1, 2, 3, 4, 5].map(() => send(deaf, megabytes(1))));
    for (const { exit, milliseconds } of runs) {
      expect(exit).toEqual(success);
      expect(milliseconds).toBeLessThan(60_000);
    }
    expect(await whatIsLeft(mark)).toEqual([]);
  });

  test('stores an archive only when all of it came', async () => {
    const stage = stageCommand(join(dumpDir, 'a.vma'), { guest, silenceSeconds: 2 }).map((word, index) =>
      index === 2 ? interpreter : word,
    );
    const late = megabytes(40, { count: 20, ms: 6_000 });
    expect((await send(stage, late, { everyMs: 60_000 })).stderr).toBe('pvebak was not heard for 2 s\n');
    expect(readdirSync(dumpDir)).toEqual([]);
    expect((await send(stage, megabytes(40))).exit).toEqual(success);
    expect(readdirSync(dumpDir)).toEqual(['a.vma']);
    expect(await whatIsLeft(mark)).toEqual([]);
  });
});
