import type { Plan } from '../../plan/plan.ts';
import { markdownSafe } from './markdown-safe.ts';
import type { PlanHeader } from './plan-header.ts';
import { endLines, headLines, type SavedAs } from './plan-lines.ts';
import { planSections } from './plan-text.ts';
import type { Row, Section } from './text-layout.ts';

export interface PlanMarkdownOptions {
  /** Lists what is fine as well, and long lists whole. */
  readonly verbose?: boolean;
  readonly saved?: SavedAs | undefined;
}

/**
 * A plan for the comment of a merge request: what it comes to and what is wrong stand open, all else is folded. Ends with a
 * newline.
 */
export function renderPlanMarkdown(
  plan: Plan,
  header: PlanHeader,
  { verbose = false, saved }: PlanMarkdownOptions,
): string {
  const [title = '', ...seen] = headLines(plan, header).map(markdownSafe);
  const [totals = '', ...others] = endLines(plan, header, undefined).toReversed().map(markdownSafe);
  const digest = endLines(plan, header, saved)
    .slice(others.length + 1)
    .map(markdownSafe);
  const blocks = [
    `### ${title}`,
    `**${totals}**`,
    [...seen, ...others].join('<br>\n'),
    ...planSections(plan, header, verbose).map((section) =>
      section.alarm === true ? openSection(section) : foldedSection(section),
    ),
    ...digest,
  ];
  return `${blocks.join('\n\n')}\n`;
}

function openSection({ title, rows }: Section): string {
  const items = rows.map(({ cells }) => `- ${filled(cells).map(markdownSafe).join(' &mdash; ')}`);
  return [`#### ${markdownSafe(title)}`, '', ...items].join('\n');
}

function foldedSection({ title, rows }: Section): string {
  const columns = Math.max(...rows.map(({ cells }) => cells.length));
  const head = `| ${' | '.repeat(columns)}|`;
  const rule = `| ${'--- | '.repeat(columns + 1).trimEnd()}`;
  const table = [head, rule, ...rows.map((row) => tableRow(row, columns))];
  return [
    `<details><summary>${markdownSafe(title)}${countText(rows)}</summary>`,
    '',
    ...table,
    '',
    '</details>',
  ].join('\n');
}

/** How many lines add, change or delete something. */
function countText(rows: readonly Row[]): string {
  const glyphs = ['+', '~', '-', '!'] as const;
  const counts = glyphs.flatMap((glyph) => {
    const count = rows.filter((row) => row.glyph === glyph).length;
    return count === 0 ? [] : [`${glyph}${count}`];
  });
  return counts.length === 0 ? '' : `: ${counts.join(' ')}`;
}

function tableRow({ glyph, cells }: Row, columns: number): string {
  const padded = Array.from({ length: columns }, (_, column) => markdownSafe(cells[column] ?? ''));
  return `| ${[glyph === ' ' ? '' : `\`${glyph}\``, ...padded].join(' | ')} |`;
}

function filled(cells: readonly string[]): readonly string[] {
  return cells.filter((cell) => cell !== '');
}
