import { diffLines, type LineChange } from './line-diff.ts';

/** Changed lines with those around them, as in a unified diff. Lines are counted from 1; of no lines the one before counts. */
export interface Hunk {
  readonly before: { readonly start: number; readonly count: number };
  readonly after: { readonly start: number; readonly count: number };
  readonly lines: readonly LineChange[];
}

const CONTEXT_LINES = 3;

/** What makes one text the other; empty when they are the same. A missing line feed at the end is no difference. */
export function unifiedDiff(before: string, after: string): readonly Hunk[] {
  const changes = diffLines(linesOf(before), linesOf(after));
  return changedStretches(changes).map(({ start, end }) => hunkOf(changes, start, end));
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

interface Stretch {
  readonly start: number;
  readonly end: number;
}

function changedStretches(changes: readonly LineChange[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const [at, { kind }] of changes.entries()) {
    if (kind === 'same') continue;
    const start = Math.max(0, at - CONTEXT_LINES);
    const end = Math.min(changes.length, at + 1 + CONTEXT_LINES);
    const last = stretches.at(-1);
    if (last !== undefined && last.end >= start) stretches[stretches.length - 1] = { start: last.start, end };
    else stretches.push({ start, end });
  }
  return stretches;
}

function hunkOf(changes: readonly LineChange[], start: number, end: number): Hunk {
  const lines = changes.slice(start, end);
  return {
    before: range(changes.slice(0, start), lines, 'added'),
    after: range(changes.slice(0, start), lines, 'removed'),
    lines,
  };
}

function range(
  earlier: readonly LineChange[],
  lines: readonly LineChange[],
  notThere: LineChange['kind'],
): Hunk['before'] {
  const there = (changes: readonly LineChange[]) => changes.filter(({ kind }) => kind !== notThere).length;
  const count = there(lines);
  return { start: there(earlier) + (count === 0 ? 0 : 1), count };
}
