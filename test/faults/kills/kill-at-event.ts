/**
 * Loaded before the program (`node --import`): ends it with SIGKILL at the n-th change of the folder that PVEBAK_KILL_IN names,
 * right before or right after it: PVEBAK_KILL_AT is `7 before`. So a kill between two files repeats exactly.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const folder = process.env['PVEBAK_KILL_IN'] ?? '';
const [number = '', side = ''] = (process.env['PVEBAK_KILL_AT'] ?? '').split(' ');
let left = Number(number);

if (isMainThread) {
  const { open, rename, unlink } = fs.promises;
  fs.promises.open = (path, flags, mode) =>
    flags === 'wx' ? event(path, () => open(path, flags, mode)) : open(path, flags, mode);
  fs.promises.rename = (from, to) => event(from, () => rename(from, to));
  fs.promises.unlink = (path) => event(path, () => unlink(path));
  syncBuiltinESMExports();
}

async function event<T>(path: unknown, work: () => Promise<T>): Promise<T> {
  const isIt = String(path).startsWith(folder) && --left === 0;
  if (isIt && side === 'before') die();
  const result = await work();
  if (isIt) die();
  return result;
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
  // Nothing more may run in this thread until the signal has come.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
