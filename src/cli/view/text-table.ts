import { displayWidth } from './display-width.ts';
import { terminalSafe } from './terminal-safe.ts';

/** Rows of cells as lines with columns as wide as they must be. */
export function textTable(rows: readonly (readonly string[])[]): readonly string[] {
  const safe = rows.map((row) => row.map(terminalSafe));
  const columns = Math.max(0, ...safe.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...safe.map((row) => displayWidth(row[column] ?? ''))),
  );
  return safe.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(cell))))
      .join('  ')
      .trimEnd(),
  );
}
