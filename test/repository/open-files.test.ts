import { mkdir, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { OpenFiles } from '../../src/repository/open-files.ts';
import { temporaryFolder } from './sample-repository.ts';

it('a file that cannot be read is closed again, however many wanted it', async () => {
  const path = join(await temporaryFolder(), 'folder');
  await mkdir(path);
  const files = new OpenFiles();
  const reads = await Promise.allSettled([1, 2, 3].map((offset) => files.read(path, offset, 1)));
  expect(reads.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(Array(3).fill('EISDIR'));
  for (let tries = 0; tries < 50 && (await isOpen(path)); tries++) await sleep(20);
  expect(await isOpen(path)).toBe(false);
});

async function isOpen(path: string): Promise<boolean> {
  const descriptors = await readdir('/proc/self/fd');
  const targets = await Promise.all(
    descriptors.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => '')),
  );
  return targets.includes(path);
}
