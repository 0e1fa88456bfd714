import { readdirSync, readFileSync } from 'node:fs';

/** The processes with all of this in their argument lists. */
export function processesWith(...parts: readonly string[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => parts.every((part) => commandLine(pid).includes(part)))
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
