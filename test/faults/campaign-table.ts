import type { PartResult } from './run-campaign.ts';

/** How many faults of each kind were made, and what was lost by them. */
export function campaignTable(seed: string, results: readonly PartResult[]): string {
  const rows = results.flatMap(({ name, made, cases, losses }) => [
    ...[...made].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => [name, kind, String(count)]),
    [name, `in ${cases} cases, lost`, losses.length === 0 ? 'nothing' : String(losses.length)],
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(
    ([part = '', kind = '', count = '']) =>
      `${part.padEnd(widths[0] ?? 0)}  ${kind.padEnd(widths[1] ?? 0)}  ${count.padStart(8)}`,
  );
  return `${[`seed ${seed}`, ...lines].join('\n')}\n`;
}
