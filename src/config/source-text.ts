import type { SiteProblem } from './site-file-error.ts';

/** A problem at a place in the text: offsets in UTF-16 code units, `end` exclusive. */
export interface TextProblem extends TextRange {
  readonly message: string;
  readonly hint?: string | undefined;
}

export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** A file's text, with the ranges that must never be shown. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
  readonly secrets: readonly TextRange[];
}

/** Turns problems at offsets into problems at lines, sorted by place, each said once. */
export function toSiteProblems(source: SourceText, problems: readonly TextProblem[]): readonly SiteProblem[] {
  const starts = lineStarts(source.text);
  const sorted = problems.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const unique = new Map(sorted.map((problem) => [`${problem.start} ${problem.message}`, problem]));
  return [...unique.values()].map((problem) => toSiteProblem(source, starts, problem));
}

function toSiteProblem(source: SourceText, starts: readonly number[], problem: TextProblem): SiteProblem {
  const line = Math.max(1, upperBound(starts, problem.start));
  const from = starts[line - 1] ?? 0;
  const to = endOfLine(source.text, from);
  const shown = redactLine(source, { start: from, end: to });
  const markStart = shown.position(problem.start);
  const markEnd = shown.position(
    Math.min(Math.max(problem.end, problem.start + 1), Math.max(to, problem.start)),
  );
  return {
    file: source.file,
    line,
    column: problem.start - from + 1,
    message: problem.message,
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    lineText: shown.text,
    markStart,
    length: Math.max(1, markEnd - markStart),
  };
}

interface ShownLine {
  readonly text: string;
  /** Where an offset of the file stands in the shown text; inside a secret, where that begins. */
  readonly position: (offset: number) => number;
}

const SECRET = '[secret]';

function redactLine(source: SourceText, line: TextRange): ShownLine {
  const hidden = source.secrets
    .filter((range) => range.start < line.end && range.end > line.start)
    .map((range) => ({ start: Math.max(range.start, line.start), end: Math.min(range.end, line.end) }))
    .toSorted((a, b) => a.start - b.start);
  let text = '';
  let offset = line.start;
  const shifts: { readonly range: TextRange; readonly at: number }[] = [];
  for (const range of hidden) {
    if (range.start < offset) continue;
    text += source.text.slice(offset, range.start);
    shifts.push({ range, at: text.length });
    text += SECRET;
    offset = range.end;
  }
  text += source.text.slice(offset, line.end);
  return { text, position: (wanted) => positionIn(shifts, line.start, wanted) };
}

function positionIn(
  shifts: readonly { readonly range: TextRange; readonly at: number }[],
  lineStart: number,
  offset: number,
): number {
  const before = shifts.findLast(({ range }) => range.start <= offset);
  if (before === undefined) return offset - lineStart;
  const { range, at } = before;
  if (offset === range.start) return at;
  return at + SECRET.length + Math.max(0, offset - range.end);
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  const end = newline === -1 ? text.length : newline;
  return end > from && text[end - 1] === '\r' ? end - 1 : end;
}

/** How many of the sorted numbers are at most `limit`. */
function upperBound(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
