import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { capture } from '../../src/transport/capture.ts';
import { openLocalShell } from '../../src/transport/local-shell.ts';
import { quoteArgv } from '../../src/transport/quote-argv.ts';
import type { Shell } from '../../src/transport/shell.ts';

const shell = openLocalShell();

describe('capture', () => {
  test('collects what a command writes, and how it ended', async () => {
    const { stdout, stderr, exit } = await capture(shell, ['sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect([Buffer.from(stdout).toString(), stderr, exit]).toEqual([
      'out\n',
      'err\n',
      { kind: 'status', status: 3 },
    ]);
  });

  test('gives the command its input, and end of file after it', async () => {
    const { stdout } = await capture(shell, ['wc', '-c'], { input: Buffer.alloc(300_000) });
    expect(Buffer.from(stdout).toString().trim()).toBe('300000');
    expect((await capture(shell, ['cat'])).stdout).toHaveLength(0);
  });

  test('does not mind a command that leaves its input unread', async () => {
    const { exit } = await capture(shell, ['true'], { input: Buffer.alloc(3_000_000) });
    expect(exit).toEqual({ kind: 'status', status: 0 });
  });

  test.for([
    ['stdout', 'cat /dev/zero'],
    ['stderr', 'cat /dev/zero >&2'],
  ] as const)('fails when more than the limit comes on %s', async ([, script]) => {
    await expect(capture(shell, ['sh', '-c', script], { limitBytes: 1000 })).rejects.toMatchObject({
      code: 'command-failed',
      message: `sh -c ${script} on this machine wrote more than 1000 bytes`,
    });
  });

  test('accepts exactly the limit', async () => {
    const { stdout } = await capture(shell, ['head', '-c', '1000', '/dev/zero'], { limitBytes: 1000 });
    expect(stdout).toHaveLength(1000);
  });

  test('fails when the command takes too long', async () => {
    await expect(capture(shell, ['sleep', '30'], { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'command-failed',
      message: 'sleep 30 on this machine did not end within 0.1 s',
    });
  });

  test('ends with the reason of an abort, and forgets the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('never mind');
    setTimeout(() => controller.abort(reason), 50);
    await expect(capture(shell, ['sleep', '30'], { signal: controller.signal })).rejects.toBe(reason);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  test('fails when the connection is lost', async () => {
    const lost: Shell = {
      where: 'pve1:22',
      run: async () => ({
        stdout: nothing(),
        stderr: nothing(),
        stdin: { write: async () => {}, end: async () => {} },
        exit: Promise.resolve({ kind: 'lost', reason: 'gone' }),
      }),
      async [Symbol.asyncDispose]() {},
    };
    await expect(capture(lost, ['true'])).rejects.toMatchObject({
      code: 'host-unreachable',
      message: /lost during true .*: gone/,
    });
  });
});

test.for([
  [['a'], "'a'"],
  [['', "it's"], undefined],
  [['a', ''], "'a' ''"],
  [['a', "it's"], "'a' 'it'\\''s'"],
  [['a', 'x\ny', '$(z)'], "'a' 'x\ny' '$(z)'"],
] as const)('%j is quoted for a shell as %j', ([argv, line]) => {
  if (line === undefined) expect(() => quoteArgv(argv)).toThrow('there is no command to run');
  else expect(quoteArgv(argv)).toBe(line);
});

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
