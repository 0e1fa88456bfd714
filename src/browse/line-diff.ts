/** What becomes of a line. */
export interface LineChange {
  readonly kind: 'same' | 'removed' | 'added';
  readonly line: string;
}

/** Beyond so many changes all lines are said to be others: the texts have little in common. */
const MOST_CHANGES = 2000;

/**
 * The shortest way from one list of lines to another: the greedy algorithm of E. Myers, "An O(ND) Difference Algorithm and Its
 * Variations" (1986). Memory grows with the square of the changes.
 */
export function diffLines(before: readonly string[], after: readonly string[]): readonly LineChange[] {
  const trace = findPath(before, after);
  if (trace !== undefined) return followBack(trace, before, after);
  return [...before.map(removed), ...after.map(added)];
}

/** For each number of changes, how far each diagonal reached before: index `k + d` is that of diagonal k. */
type Trace = readonly Int32Array[];

function findPath(before: readonly string[], after: readonly string[]): Trace | undefined {
  const trace: Int32Array[] = [];
  const limit = Math.min(before.length + after.length, MOST_CHANGES);
  let reached = new Int32Array([0, 0, 0]);
  for (let changes = 0; changes <= limit; changes++) {
    const next = new Int32Array(2 * changes + 3);
    trace.push(reached);
    for (let k = -changes; k <= changes; k += 2) {
      const x = slide(before, after, { x: step(reached, k, changes), k });
      next[k + changes + 1] = x;
      if (x >= before.length && x - k >= after.length) return trace;
    }
    reached = next;
  }
  return undefined;
}

/** Where diagonal k begins with one change more: from the neighbour that reached further. */
function step(reached: Int32Array, k: number, changes: number): number {
  if (changes === 0) return 0;
  const above = reached[k + changes + 1] ?? 0;
  const left = reached[k + changes - 1] ?? 0;
  return goesDown(k, changes, { left, above }) ? above : left + 1;
}

function goesDown(
  k: number,
  changes: number,
  { left, above }: { readonly left: number; readonly above: number },
): boolean {
  return k === -changes || (k !== changes && left < above);
}

function slide(
  before: readonly string[],
  after: readonly string[],
  { x, k }: { readonly x: number; readonly k: number },
): number {
  let at = x;
  while (at < before.length && at - k < after.length && before[at] === after[at - k]) at += 1;
  return at;
}

function followBack(
  trace: Trace,
  before: readonly string[],
  after: readonly string[],
): readonly LineChange[] {
  const changes: LineChange[] = [];
  let x = before.length;
  let y = after.length;
  for (let count = trace.length - 1; count >= 0; count--) {
    const reached = trace[count] ?? new Int32Array();
    const k = x - y;
    const above = reached[k + count + 1] ?? 0;
    const left = reached[k + count - 1] ?? 0;
    const down = goesDown(k, count, { left, above });
    const startX = count === 0 ? 0 : down ? above : left + 1;
    for (; x > startX; x--, y--) changes.push({ kind: 'same', line: before[x - 1] ?? '' });
    if (count === 0) break;
    if (down) {
      y -= 1;
      changes.push(added(after[y] ?? ''));
    } else {
      x -= 1;
      changes.push(removed(before[x] ?? ''));
    }
  }
  return changes.reverse();
}

function removed(line: string): LineChange {
  return { kind: 'removed', line };
}

function added(line: string): LineChange {
  return { kind: 'added', line };
}
