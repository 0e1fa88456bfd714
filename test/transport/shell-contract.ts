import { createHash } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../../src/transport/capture.ts';
import type { RunningCommand, Shell } from '../../src/transport/shell.ts';

const MiB = 1024 * 1024;

/** The shell, with every command's output taken for a long one. */
export function ofLongOutput(shell: Shell): Shell {
  return {
    where: shell.where,
    run: (argv, options) => shell.run(argv, { ...options, long: true }),
    [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
  };
}

/** What every shell must do. Commands run on this machine in either case, so the far side can be looked at. */
export function describeShell(name: string, open: () => Promise<Shell>): void {
  describe(`${name}, as a shell`, () => {
    let shell: Shell;
    let directory: string;
    beforeAll(async () => {
      shell = await open();
      directory = mkdtempSync('/tmp/pvebak-shell-');
    });
    afterAll(async () => {
      await shell[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    });

    test.for([
      ['true', { kind: 'status', status: 0 }],
      ['exit 1', { kind: 'status', status: 1 }],
      ['exit 255', { kind: 'status', status: 255 }],
      ['kill -KILL $$', { kind: 'signal', signal: 'SIGKILL' }],
      ['kill -TERM $$', { kind: 'signal', signal: 'SIGTERM' }],
    ] as const)('reports how `%s` ended', async ([script, exit]) => {
      expect((await capture(shell, ['sh', '-c', script])).exit).toEqual(exit);
    });

    test('reports the status also of a command whose output nobody reads', async () => {
      const command = await shell.run(['sh', '-c', 'echo out; echo err >&2; exit 3']);
      expect(await command.exit).toEqual({ kind: 'status', status: 3 });
      expect(await text(command.stdout)).toBe('out\n');
      expect(await text(command.stderr)).toBe('err\n');
    });

    test('reports the status of a command that goes on after closing its output', async () => {
      const script = 'exec >&- 2>&- <&-; sleep 0.3; exit 7';
      expect((await capture(shell, ['sh', '-c', script])).exit).toEqual({ kind: 'status', status: 7 });
    });

    test('says of a command that is not there what a POSIX shell says: status 127 and its name', async () => {
      const captured = await capture(shell, ['pvebak-no-such-command', 'x']);
      expect(captured.exit).toEqual({ kind: 'status', status: 127 });
      expect(captured.stderr).toContain('pvebak-no-such-command');
    });

    const awkward = [
      '',
      ' ',
      "it's",
      '"',
      'a\nb',
      '$(id)',
      '`id`',
      '$HOME',
      '*',
      '\\',
      '-n',
      'ü 漢字',
      '!x',
      '~',
      ';&|<>#',
    ];
    test('hands every argument over as it is', async () => {
      const { stdout } = await capture(shell, ['printf', '%s\\0', ...awkward]);
      expect(Buffer.from(stdout).toString().split('\0').slice(0, -1)).toEqual(awkward);
    });

    test.for([[[]], [['']], [['echo', 'a\0b']]])('refuses the argument list %j', async ([argv]) => {
      await expect(shell.run(argv ?? [])).rejects.toMatchObject({ code: 'command-failed' });
    });

    test('carries 64 MiB both ways unchanged', async () => {
      const command = await shell.run(['cat']);
      const sent = createHash('sha256');
      const received = createHash('sha256');
      const feed = async () => {
        const block = Buffer.allocUnsafe(MiB);
        for (let index = 0; index < 64; index++) {
          block.fill(`${index} `);
          sent.update(block);
          await command.stdin.write(block);
        }
        await command.stdin.end();
      };
      const drain = async () => {
        for await (const chunk of command.stdout) received.update(chunk);
      };
      await Promise.all([feed(), drain()]);
      expect(await command.exit).toEqual({ kind: 'status', status: 0 });
      expect(received.digest('hex')).toBe(sent.digest('hex'));
    });

    test('passes single bytes on as they are written', async () => {
      const command = await shell.run(['cat']);
      const chunks = command.stdout[Symbol.asyncIterator]();
      for (const letter of 'abc') {
        await command.stdin.write(Buffer.from(letter));
        expect(String((await chunks.next()).value)).toBe(letter);
      }
      await command.stdin.end();
      expect((await chunks.next()).done).toBe(true);
    });

    test('keeps stdout and stderr apart, to the last byte of each', async () => {
      const script = 'head -c 3000000 /dev/zero; head -c 2000000 /dev/zero >&2; echo end; echo END >&2';
      const command = await shell.run(['sh', '-c', script]);
      const [out, err] = await Promise.all([text(command.stdout), text(command.stderr), command.stdin.end()]);
      expect([out.length, out.slice(-4)]).toEqual([3_000_004, 'end\n']);
      expect([err.length, err.slice(-4)]).toEqual([2_000_004, 'END\n']);
    });

    test('runs commands beside each other', async () => {
      const numbers = ['1', '2', '3', '4', '5', '6'];
      const outputs = await Promise.all(
        numbers.map((n) => capture(shell, ['sh', '-c', `sleep 0.1; echo ${n}`])),
      );
      expect(outputs.map(({ stdout }) => Buffer.from(stdout).toString().trim())).toEqual(numbers);
    });

    test('lets a slow reader hold the writer back', async () => {
      const position = join(directory, 'position');
      const script = 'i=0; while [ $i -lt 64 ]; do head -c 1048576 /dev/zero; i=$((i+1)); echo >>"$0"; done';
      const command = await shell.run(['sh', '-c', script, position]);
      const reader = command.stdout[Symbol.asyncIterator]();
      await reader.next();
      await sleep(700);
      const written = statSync(position).size;
      await sleep(300);
      expect(statSync(position).size).toBe(written);
      expect(written).toBeLessThan(10);
      let length = 0;
      for (let step = await reader.next(); !step.done; step = await reader.next())
        length += step.value.length;
      expect(length).toBeGreaterThan(63 * MiB);
      expect(await command.exit).toEqual({ kind: 'status', status: 0 });
    });

    test('lets a slow command hold the sender back', async () => {
      const command = await shell.run(['sh', '-c', 'sleep 1; exec cat >/dev/null']);
      let written = 0;
      const feed = (async () => {
        const block = Buffer.alloc(64 * 1024);
        for (; written < 32 * MiB; written += block.length) await command.stdin.write(block);
        await command.stdin.end();
      })();
      await sleep(600);
      expect(written).toBeLessThan(8 * MiB);
      await feed;
      expect(await command.exit).toEqual({ kind: 'status', status: 0 });
    });

    test('rejects writes once the command has ended', async () => {
      const command = await shell.run(['head', '-c', '5']);
      const feed = (async () => {
        for (;;) await command.stdin.write(Buffer.alloc(64 * 1024));
      })();
      await expect(feed).rejects.toMatchObject({ code: 'command-failed', message: /no longer reads/ });
      expect(await command.exit).toEqual({ kind: 'status', status: 0 });
      await command.stdin.end();
      expect((await text(command.stdout)).length).toBe(5);
    });

    test('does not stall on output that the reader has turned away from', async () => {
      const command = await shell.run(['sh', '-c', 'head -c 20000000 /dev/zero; exit 4']);
      for await (const _ of command.stdout) break;
      expect(await command.exit).toEqual({ kind: 'status', status: 4 });
    });

    test('ends a command that is aborted in the middle of its output, and forgets the signal', async () => {
      const pidFile = join(directory, 'pid');
      const controller = new AbortController();
      const reason = new Error('enough');
      const script = 'echo $$ >"$0"; exec cat /dev/zero';
      const command = await shell.run(['sh', '-c', script, pidFile], { signal: controller.signal });
      const reading = (async () => {
        let length = 0;
        for await (const chunk of command.stdout) {
          length += chunk.length;
          if (length > MiB) controller.abort(reason);
        }
      })();
      await expect(reading).rejects.toBe(reason);
      expect(await command.exit).toEqual({ kind: 'lost', reason: 'enough' });
      await expect(command.stdin.write(Buffer.from('x'))).rejects.toBe(reason);
      await gone(Number(readFileSync(pidFile, 'utf8')));
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
      expect((await capture(shell, ['echo', 'next'])).exit).toEqual({ kind: 'status', status: 0 });
    });

    test('leaves no listener on a signal that never fires', async () => {
      const { signal } = new AbortController();
      const command = await shell.run(['true'], { signal });
      await command.exit;
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    });

    test('does not start a command whose signal has fired', async () => {
      const reason = new Error('too late');
      const mark = join(directory, 'mark');
      await expect(shell.run(['touch', mark], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(existsSync(mark)).toBe(false);
    });

    test('is closed with commands still running: they end as lost', async () => {
      await using other = await open();
      const command = await other.run(['cat']);
      await other[Symbol.asyncDispose]();
      expect(await command.exit).toMatchObject({ kind: 'lost' });
      await expect(text(command.stdout)).rejects.toThrow();
    });
  });
}

export async function text(bytes: RunningCommand['stdout']): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Resolves when the process has ended; one that only waits to be collected counts. */
export async function gone(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 200 && isAlive(pid); attempt++) await sleep(25);
  expect(isAlive(pid)).toBe(false);
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
