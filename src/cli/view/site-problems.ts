import type { SiteFileError, SiteProblem } from '../../config/site-file-error.ts';
import { displayWidth } from './display-width.ts';
import { terminalSafe } from './terminal-safe.ts';

const MAX_SHOWN = 50;
/** Longer lines are cut around the mark. */
const MAX_LINE = 100;
const TAB = '→   ';
const INDENT = '    ';

/**
 * The problems of a site file as text, ending with a newline: for each its place and message, the line, a mark
 * beneath it, and the hint. Tabs appear as arrows, other control characters escaped.
 */
export function renderSiteProblems(error: SiteFileError): string {
  const shown = error.problems.slice(0, MAX_SHOWN).map(renderProblem);
  const more = error.problems.length - shown.length;
  return `${shown.join('\n')}${more > 0 ? `\nand ${more} more\n` : ''}`;
}

function renderProblem(problem: SiteProblem): string {
  const { file, line, column, message, hint } = problem;
  const place = `${escapeText(file)}:${line}:${column}: ${escapeText(message)}\n`;
  return `${place}${renderLine(problem)}${hint === undefined ? '' : `${INDENT}hint: ${escapeText(hint)}\n`}`;
}

function renderLine({ lineText, markStart, length }: SiteProblem): string {
  if (lineText.trim() === '') return '';
  const cut = cutAround(lineText, markStart, length);
  const blank = ' '.repeat(displayWidth(cut.before));
  const mark = '^'.repeat(Math.max(1, displayWidth(cut.marked)));
  return `${INDENT}${cut.before}${cut.marked}${cut.after}\n${INDENT}${blank}${mark}\n`;
}

/** Splits the line at the mark, each part ready to be shown. */
function cutAround(line: string, start: number, length: number) {
  const from = line.length <= MAX_LINE ? 0 : Math.max(0, start - MAX_LINE / 2);
  const to = line.length <= MAX_LINE ? line.length : from + MAX_LINE;
  const end = Math.min(start + length, to);
  return {
    before: `${from > 0 ? '...' : ''}${escapeText(line.slice(from, start))}`,
    marked: escapeText(line.slice(start, end)),
    after: `${escapeText(line.slice(end, to))}${to < line.length ? '...' : ''}`,
  };
}

function escapeText(text: string): string {
  return terminalSafe(text.replaceAll('\t', TAB));
}
