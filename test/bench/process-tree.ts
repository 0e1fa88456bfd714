import { readdirSync, readFileSync } from 'node:fs';

/** The peaks of memory so far (proc(5), VmHWM), in bytes, of a process and all below it, by pid. */
export function peaksBelow(pid: number): ReadonlyMap<number, number> {
  const peaks = new Map<number, number>();
  const next = [pid];
  for (let each = next.pop(); each !== undefined; each = next.pop()) {
    peaks.set(each, peakOf(each));
    next.push(...childrenOf(each));
  }
  return peaks;
}

/** 0 when the process is gone, or has ended and nobody has waited for it. */
function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

function childrenOf(pid: number): readonly number[] {
  return threadsOf(pid).flatMap((thread) =>
    textOf(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  );
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
