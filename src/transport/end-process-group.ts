import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 20;

/**
 * Ends a process group: TERM, and KILL when something of it is still there after `graceMs`. Resolves when the group
 * is gone, or right after KILL. The process must lead the group (spawned detached).
 */
export async function endProcessGroup(pid: number, graceMs: number): Promise<void> {
  if (!signalGroup(pid, 'SIGTERM')) return;
  const deadline = performance.now() + graceMs;
  while (performance.now() < deadline) {
    await sleep(pollMs);
    if (!signalGroup(pid, 0)) return;
  }
  signalGroup(pid, 'SIGKILL');
}

/** Whether the group is there to be signalled. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
