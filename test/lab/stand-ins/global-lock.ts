/**
 * The lock that lets one vzdump run on a node at a time: flock(2) on /run/vzdump.lock, held as long as this process lives.
 */
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { ToolError } from './tool-error.ts';
import { say, throwIfStopped } from './worker.ts';

const FILE = '/var/run/vzdump.lock';

/** The worker ends without a status when the lock cannot be had, as the real one does. */
export class NoGlobalLock extends Error {}

/** @param waitMinutes 0: fail at once */
export async function takeGlobalLock(waitMinutes: number, signal: AbortSignal): Promise<void> {
  const fd = openSync(FILE, 'a');
  if (await flock(fd, ['-n'], signal)) return;
  if (waitMinutes === 0) return refuse(`can't acquire lock '${FILE}' (wait = 0)`);
  say('INFO: trying to get global lock - waiting...');
  const got = await flock(fd, ['-w', String(waitMinutes * 60)], signal);
  throwIfStopped(signal);
  if (!got) return refuse(`can't acquire lock '${FILE}' - got timeout`);
  say('INFO: got global lock');
}

function refuse(message: string): never {
  say(`ERROR: ${message}`);
  throw new NoGlobalLock(message);
}

/** A lock belongs to the open file, which the child shares: it stays when the child has ended. */
function flock(fd: number, options: readonly string[], signal: AbortSignal): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const child = spawn('flock', [...options, '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  const stop = () => child.kill();
  signal.addEventListener('abort', stop);
  child.once('error', () => reject(new ToolError('flock is missing')));
  child.once('exit', (code) => {
    signal.removeEventListener('abort', stop);
    resolve(code === 0);
  });
  return promise;
}
