/** The command that a node runs on an archive in dump_dir, tried with a real shell. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { stagedTool } from '../../src/apply/restore-staged-tool.ts';

let folder: string;
let path: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pvebak-staged-'));
  path = join(folder, 'an archive.vma');
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  writeFileSync(path, 'archive');
  rmSync(join(folder, 'ran'), { force: true });
});

function start(script: string, keep = false) {
  const argv = ['sh', '-c', `: >"$0/ran"; ${script}`, folder];
  const [program = '', ...args] = stagedTool({ argv, path, keep });
  return spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
}

test.for([
  [0, false, 'removes the archive'],
  [0, true, 'leaves the archive where that is wanted'],
  [3, false, 'removes the archive'],
  [3, true, 'removes the archive all the same'],
] as const)('a tool that ends with %i, keep %s: %s', async ([status, keep]) => {
  const child = start(`exit ${status}`, keep);
  child.stdin.end();
  expect(await once(child, 'exit')).toEqual([status, null]);
  expect(existsSync(path)).toBe(keep && status === 0);
});

test('the tool waits for the end of the input', async () => {
  const child = start('exit 0');
  await sleep(200);
  expect(existsSync(join(folder, 'ran'))).toBe(false);
  child.stdin.end();
  await once(child, 'exit');
  expect(existsSync(join(folder, 'ran'))).toBe(true);
});

test('being ended before that removes the archive, and the tool never runs', async () => {
  const child = start('exit 0', true);
  await sleep(200);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([143, null]);
  expect([existsSync(path), existsSync(join(folder, 'ran'))]).toEqual([false, false]);
  child.stdin.destroy();
});

test('being ended later is too late: the tool goes on', async () => {
  const child = start('sleep 0.5; exit 4', true);
  child.stdin.end();
  await sleep(200);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([4, null]);
  expect(existsSync(path)).toBe(false);
});
