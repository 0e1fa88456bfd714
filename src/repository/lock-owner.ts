import { hostname, userInfo } from 'node:os';
import type { LockOwner } from './lock.ts';

/** This process, as its locks name it. */
export function thisProcess(): LockOwner {
  return { hostname: hostname(), username: userInfo().username, pid: process.pid, isRunning };
}

/** A process of another user is running, too. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
