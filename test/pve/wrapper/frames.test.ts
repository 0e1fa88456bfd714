import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { framed, sendArchive } from '../../../src/pve/wrapper/frames.ts';
import { heartbeat } from '../../../src/pve/wrapper/heartbeat.ts';
import type { CommandExit, RunningCommand } from '../../../src/transport/shell.ts';

const MIB = 1024 * 1024;

async function* pieces(...lengths: readonly number[]) {
  for (const length of lengths) yield new Uint8Array(length).fill(0x61);
}

/** What a frame sequence says: its headers, with how many bytes followed each. */
async function headers(frames: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const found: string[] = [];
  let length = 0;
  for await (const piece of frames) {
    if (piece[0] === 0x61) length += piece.length;
    else found.push(...(length > 0 ? [String(length)] : []), String(Buffer.from(piece)));
    if (piece[0] !== 0x61) length = 0;
  }
  return found;
}

describe('an archive in frames', () => {
  test.each([
    ['nothing is only an end', [], ['0\n']],
    ['small pieces are put together', [3, 0, 4], ['7\n', '7', '0\n']],
    [
      'large pieces are taken apart',
      [3 * MIB - 5],
      ['1048576\n', '1048576', '1048576\n', '1048576', '1048571\n', '1048571', '0\n'],
    ],
    ['a frame may fill up exactly', [MIB], ['1048576\n', '1048576', '0\n']],
  ])('%s', async (_, lengths, expected) => {
    expect(await headers(framed(pieces(...lengths)))).toEqual(expected);
  });
});

/** A command that collects what it is sent, and reads until it is told to end. */
function collector() {
  const { promise: exit, resolve } = Promise.withResolvers<CommandExit>();
  let sent = '';
  let ended = false;
  let reads = true;
  const command: RunningCommand = {
    stdout: pieces(),
    stderr: pieces(),
    exit,
    stdin: {
      write: async (bytes) => {
        if (!reads) throw new Error('no longer reads');
        sent += Buffer.from(bytes).toString();
      },
      end: async () => {
        ended = true;
      },
    },
  };
  return {
    command,
    sent: () => sent,
    isEnded: () => ended,
    exit: () => resolve({ kind: 'status', status: 0 }),
    stopReading: () => {
      reads = false;
    },
  };
}

describe('sending an archive', () => {
  test('tells that the client is alive while the source gives nothing', async () => {
    const far = collector();
    const slow = async function* () {
      await sleep(250);
      yield Buffer.from('late');
    };
    await sendArchive(far.command, slow(), { everyMs: 100 });
    expect(far.sent()).toBe('\n\n4\nlate0\n');
  });

  test.each([
    [
      'the source fails',
      async function* () {
        yield Buffer.from('some');
        throw new Error('the source is broken');
      },
      undefined,
      'the source is broken',
    ],
    [
      'it is aborted',
      async function* () {
        await sleep(10_000, undefined, { ref: false });
        yield Buffer.from('some');
      },
      100,
      'The operation was aborted due to timeout',
    ],
  ])('leaves out the end mark when %s', async (_, source, abortMs, message) => {
    const far = collector();
    const signal = abortMs === undefined ? {} : { signal: AbortSignal.timeout(abortMs) };
    await expect(sendArchive(far.command, source(), signal)).rejects.toThrow(message);
    expect(far.sent()).not.toContain('0\n');
    expect(far.isEnded()).toBe(true);
  });

  test('ends in peace when the command no longer reads, since its exit says why', async () => {
    const far = collector();
    far.stopReading();
    await sendArchive(far.command, pieces(10, 20));
    expect(far.sent()).toBe('');
  });
});

describe('a heartbeat', () => {
  test('goes on until the command has ended', async () => {
    const far = collector();
    const beating = heartbeat(far.command, { everyMs: 50 });
    await sleep(230);
    far.exit();
    await beating;
    expect(far.sent()).toMatch(/^\.{3,5}$/);
  });

  test('ends stdin at once on abort, also when a write hangs', async () => {
    const far = collector();
    const abort = new AbortController();
    const stdin = { ...far.command.stdin, write: () => new Promise<void>(() => {}) };
    const beating = heartbeat({ ...far.command, stdin }, { everyMs: 10, signal: abort.signal });
    abort.abort();
    await beating;
    expect(far.isEnded()).toBe(true);
  });
});
