/** Dumps through their wrapper on this machine, with shell scripts for vzdump. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { heartbeatFor, runDump } from '../../src/apply/run-dump.ts';
import { WatchedLog } from '../../src/apply/watched-dump.ts';
import { parseGuestRef } from '../../src/pve/guest.ts';
import { openLocalShell } from '../../src/transport/local-shell.ts';
import type { Shell } from '../../src/transport/shell.ts';
import { UserError } from '../../src/user-error.ts';
import { MARK, whatIsLeft } from '../pve/wrapper/what-is-left.ts';

const STALL_MS = 4_000;
const SILENT = `${STALL_MS / 1000} s`;
const MUCH = 'head -c 20000000 /dev/zero';
let vmid = 880_000 + (process.pid % 10_000) * 10;
let shell: Shell;
let dumpDir: string;

beforeEach(() => {
  vmid++;
  dumpDir = mkdtempSync(join(tmpdir(), 'pvebak-dump-'));
  shell = openLocalShell({ environment: { ...process.env, [MARK]: `qemu-${vmid}` } });
});

afterEach(async () => {
  await shell[Symbol.asyncDispose]();
  rmSync(dumpDir, { recursive: true });
});

async function dump(script: string, takeIn: (stream: AsyncIterable<Uint8Array>) => Promise<number> = count) {
  const guest = parseGuestRef(`qemu/${vmid}`);
  if (guest === undefined) throw new Error(`no guest ${vmid}`);
  const ran = await runDump(shell, {
    guest,
    argv: ['/bin/sh', '-c', script],
    host: { dumpDir, stallTimeoutMs: STALL_MS },
    log: new WatchedLog(),
    onRecord: () => undefined,
    takeIn,
    signal: new AbortController().signal,
  });
  expect(await whatIsLeft(`qemu-${vmid}`)).toEqual([]);
  return ran;
}

async function count(stream: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const piece of stream) bytes += piece.length;
  return bytes;
}

async function takesOnePiece(stream: AsyncIterable<Uint8Array>): Promise<number> {
  for await (const _ of stream) await new Promise(() => undefined);
  return 0;
}

async function fails(stream: AsyncIterable<Uint8Array>): Promise<number> {
  for await (const _ of stream) throw new UserError('repository-write', 'the disk is full');
  return 0;
}

describe('a dump that stalls is ended', () => {
  it.each([
    ['the node sends nothing', 'exec sleep 60', count, `has sent nothing for ${SILENT}`],
    ['the node sends nothing any more', 'echo some; exec sleep 60', count, `has sent nothing for ${SILENT}`],
    ['the repository takes nothing', MUCH, takesOnePiece, `the repository has taken nothing for ${SILENT}`],
  ])('%s', async (_, script, takeIn, message) => {
    const begun = performance.now();
    const { taken, givenUp } = await dump(script, takeIn);
    expect(taken).toMatchObject({ kind: 'failed', error: { message: expect.stringContaining(message) } });
    expect(givenUp).toBe(true);
    expect(performance.now() - begun).toBeLessThan(STALL_MS + 30_000);
  });

  it.each([
    ["while vzdump waits for the node's lock", 'INFO: trying to get global lock - waiting...'],
    ['while a guest shuts down', 'INFO: stopping virtual guest'],
    ['while a container is copied', 'INFO: starting first sync /proc/1/root/ to /var/tmp/x'],
  ])('but not %s', async (_, line) => {
    const { taken } = await dump(`echo '${line}' >&2; sleep 8; echo 'INFO: got global lock' >&2; echo whole`);
    expect(taken).toEqual({ kind: 'done', value: 6 });
  });

  it('nor while its log tells of progress, which a compressor may swallow', async () => {
    const lines = [1, 2, 3, 4, 5, 6, 7, 8].map(
      (n) =>
        `echo 'INFO: ${n}% (${n}.0 GiB of 99.0 GiB) in ${n}s, read: 1.0 GiB/s, write: 0 B/s' >&2; sleep 1`,
    );
    expect((await dump(`${lines.join('\n')}\necho whole`)).taken).toEqual({ kind: 'done', value: 6 });
  });
});

it('a dump of a node that does not answer any more is given up at once: the wire is silent', async () => {
  const { run } = shell;
  shell = {
    ...shell,
    run: (argv, options) => (argv[0] === 'hostname' ? silence(options?.signal) : run(argv, options)),
  };
  const begun = performance.now();
  const { exit, taken } = await dump('echo some; exec sleep 60');
  const message = `the wire is silent: nothing has come for ${SILENT}, and a question was not answered`;
  expect(exit).toEqual({ kind: 'lost', reason: message });
  expect(taken).toMatchObject({ kind: 'failed', error: { code: 'host-unreachable', message } });
  expect(performance.now() - begun).toBeLessThan(3 * STALL_MS + 30_000);
});

function silence(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}

it('a dump whose intake fails is given three seconds to end by itself, and then is ended', async () => {
  const begun = performance.now();
  const { exit, taken, givenUp } = await dump(`${MUCH}; exec sleep 60`, fails);
  expect(taken).toMatchObject({ error: { code: 'repository-write' } });
  expect({ exit, givenUp }).toMatchObject({ exit: { kind: 'status' }, givenUp: true });
  expect(performance.now() - begun).toBeGreaterThan(2_500);
});

it.each([
  [5 * 60_000, 60, 10_000],
  [60_000, 60, 10_000],
  [6_000, 6, 1_000],
  [1_000, 2, 333],
])('a stall timeout of %i ms lets the wrapper wait %i s for a sign every %i ms', (stall, silence, every) => {
  const { silenceSeconds, everyMs } = heartbeatFor(stall);
  expect([silenceSeconds, Math.floor(everyMs)]).toEqual([silence, every]);
});
