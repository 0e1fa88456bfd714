/** What a bench found, as data, and as aligned text. */

/** One measured thing beside the bar that is set for it. */
export interface Verdict {
  readonly what: string;
  /** In words, with its unit. */
  readonly measured: string;
  readonly bar: string;
  /** undefined: not measured. */
  readonly met: boolean | undefined;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  /** Text as it is; numbers are shown with three digits. */
  readonly rows: readonly (readonly Cell[])[];
  readonly notes?: readonly string[];
}

export type Cell = string | number | undefined;

export interface Section {
  readonly name: string;
  readonly tables: readonly Table[];
  readonly verdicts: readonly Verdict[];
}

export function formatSection({ tables, verdicts }: Section): string {
  const judged: Table = {
    title: 'Against the bars',
    columns: ['', 'measured', 'bar', 'verdict'],
    rows: verdicts.map(({ what, measured, bar, met }) => [what, measured, bar, verdictWord(met)]),
  };
  return [...tables, ...(verdicts.length === 0 ? [] : [judged])].map(formatTable).join('\n');
}

/** The first column to the left, the others to the right. */
export function formatTable({ title, columns, rows, notes = [] }: Table): string {
  const lines = [columns, ...rows.map((row) => row.map(formatCell))];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const shown = lines.map((line) =>
    widths
      .map((width, column) =>
        column === 0 ? (line[column] ?? '').padEnd(width) : (line[column] ?? '').padStart(width),
      )
      .join('  ')
      .trimEnd(),
  );
  const [head = '', ...body] = shown;
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [title, '', head, rule, ...body, ...notes.map((note) => `  ${note}`), ''].join('\n');
}

/** A ratio that must not be below a bar. */
export function atLeast(
  what: string,
  ratio: number,
  { bar, unit = 'x' }: { readonly bar: number; readonly unit?: string },
): Verdict {
  return {
    what,
    measured: `${formatNumber(ratio)}${unit}`,
    bar: `>= ${formatNumber(bar)}${unit}`,
    met: ratio >= bar,
  };
}

/** The other way round. */
export function atMost(
  what: string,
  value: number,
  { bar, unit = 'x' }: { readonly bar: number; readonly unit?: string },
): Verdict {
  return {
    what,
    measured: `${formatNumber(value)}${unit}`,
    bar: `<= ${formatNumber(bar)}${unit}`,
    met: value <= bar,
  };
}

/** Shown without a bar. */
export function unmeasured(what: string, bar: string, why: string): Verdict {
  return { what, measured: why, bar, met: undefined };
}

export function mib(bytes: number): number {
  return bytes / (1 << 20);
}

function verdictWord(met: boolean | undefined): string {
  if (met === undefined) return '-';
  return met ? 'pass' : 'MISS';
}

function formatCell(cell: Cell): string {
  if (cell === undefined) return '-';
  return typeof cell === 'number' ? formatNumber(cell) : cell;
}

/** Three digits, and never an exponent. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
}
