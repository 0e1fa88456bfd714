import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProgram } from './program.ts';

/** The most memory, in bytes, that a program has had resident while it ran (proc(5), VmHWM). */
export async function peakMemory({ child, ended }: RunningProgram): Promise<number> {
  let peak = 0;
  for (let running = true; running; ) {
    peak = Math.max(peak, residentAtMost(child.pid));
    running = await Promise.race([ended.then(() => false), sleep(50, true)]);
  }
  if (peak === 0) throw new Error('the program ended before it was looked at');
  return peak;
}

/** 0 when the process is gone. */
function residentAtMost(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
