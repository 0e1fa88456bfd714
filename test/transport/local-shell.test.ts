import { expect, test } from 'vitest';
import { capture } from '../../src/transport/capture.ts';
import { openLocalShell } from '../../src/transport/local-shell.ts';
import { describeShell, gone, ofLongOutput } from './shell-contract.ts';

describeShell('the local shell', async () => openLocalShell());
describeShell('the local shell with wide pipes', async () => ofLongOutput(openLocalShell()));

test('an abort ends the whole process group, also what ignores TERM', async () => {
  await using shell = openLocalShell();
  const controller = new AbortController();
  const script = `trap '' TERM; sleep 60 & echo $!; wait; sleep 60`;
  const command = await shell.run(['sh', '-c', script], { signal: controller.signal });
  const first = await command.stdout[Symbol.asyncIterator]().next();
  const child = Number(String(first.value));
  const started = performance.now();
  controller.abort(new Error('stop'));
  expect(await command.exit).toEqual({ kind: 'lost', reason: 'stop' });
  expect(performance.now() - started).toBeGreaterThan(4_500);
  await gone(child);
});

test('commands get the environment that the shell was opened with', async () => {
  await using shell = openLocalShell({ environment: { PATH: '/usr/bin:/bin', COLOUR: 'blue' } });
  const { stdout } = await capture(shell, ['sh', '-c', 'echo "$COLOUR $HOME"']);
  expect(Buffer.from(stdout).toString()).toBe('blue \n');
});

test('a file that may not be executed gives status 126', async () => {
  await using shell = openLocalShell();
  expect((await capture(shell, ['/etc/passwd'])).exit).toEqual({ kind: 'status', status: 126 });
});
