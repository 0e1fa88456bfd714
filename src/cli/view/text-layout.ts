import type { ChalkInstance } from 'chalk';
import { terminalSafe } from './terminal-safe.ts';

/** A titled group of rows; printed only when it has rows. */
export interface Section {
  readonly title: string;
  readonly alarm?: boolean;
  readonly rows: readonly Row[];
}

export interface Row {
  /** `+` is made, `~` is changed, `-` is deleted, `=` stays, `!` is wrong. */
  readonly glyph: '+' | '~' | '-' | '=' | '!' | ' ';
  /** Rows with several cells share their columns within a section. */
  readonly cells: readonly string[];
}

export interface LayoutOptions {
  readonly colour: ChalkInstance;
  /** Columns of the terminal. A single word may be longer. */
  readonly width: number;
}

/** A column grows with its cells up to this; longer cells push the rest of their row. */
const WIDEST_COLUMN = 30;
const INDENT = '  ';

/** Lays a section out as lines. Everything is made safe for terminals here, before colours come in. */
export function layOutSection(section: Section, options: LayoutOptions): readonly string[] {
  if (section.rows.length === 0) return [];
  const widths = columnWidths(section.rows);
  const { bold, red } = options.colour;
  const title = wrapLine(terminalSafe(section.title), options.width);
  return [
    ...title.map((line) => (section.alarm === true ? red.bold(line) : bold(line))),
    ...section.rows.flatMap((row) => layOutRow(row, widths, options)),
  ];
}

/** Breaks a line at spaces; continued lines hang by two columns, those of a row behind its glyph by two more. */
export function wrapLine(line: string, width: number): readonly string[] {
  const lines: string[] = [];
  const hanging = line.startsWith(INDENT) ? INDENT.repeat(3) : INDENT;
  let rest = line.trimEnd();
  while (rest.length > width) {
    const at = breakingPoint(rest, width);
    if (at === undefined) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = hanging + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

function columnWidths(rows: readonly Row[]): readonly number[] {
  const tables = rows.map((row) => row.cells.slice(0, -1).map(terminalSafe));
  const columns = Math.max(0, ...tables.map((cells) => cells.length));
  return Array.from({ length: columns }, (_, column) =>
    Math.min(WIDEST_COLUMN, Math.max(...tables.map((cells) => cells[column]?.length ?? 0))),
  );
}

function layOutRow(row: Row, widths: readonly number[], options: LayoutOptions): readonly string[] {
  const last = row.cells.length - 1;
  const cells = row.cells
    .map(terminalSafe)
    .map((cell, column) => (column < last ? cell.padEnd(widths[column] ?? 0) : cell));
  const [first = '', ...others] = wrapLine(`${INDENT}${row.glyph} ${cells.join('  ')}`, options.width);
  const [before, after] = [first.slice(0, INDENT.length), first.slice(INDENT.length + 1)];
  return [before + paintGlyph(row.glyph, options.colour) + after, ...others];
}

function paintGlyph(glyph: Row['glyph'], colour: ChalkInstance): string {
  switch (glyph) {
    case '+':
      return colour.green(glyph);
    case '~':
      return colour.yellow(glyph);
    case '-':
    case '!':
      return colour.red(glyph);
    case '=':
      return colour.dim(glyph);
    case ' ':
      return glyph;
  }
}

/** The last space that a line may end at, else the first one after; undefined when it is one long word. */
function breakingPoint(line: string, width: number): number | undefined {
  const start = line.length - line.trimStart().length;
  const before = line.lastIndexOf(' ', width);
  const at = before > start + 1 ? before : line.indexOf(' ', Math.max(width, start));
  return at === -1 ? undefined : at;
}
