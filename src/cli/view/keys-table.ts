import type { KeyEntry } from '../../repository/key-ring.ts';
import { datedMoment } from './dated-moment.ts';
import { count } from './quantities.ts';
import { terminalSafe } from './terminal-safe.ts';

/** The keys of a repository as a table; a star marks the one that opened it. */
export function keysTable(
  keys: readonly KeyEntry[],
  { current, timeZone }: { readonly current: string; readonly timeZone: string },
): string {
  const header = [' ', 'id', 'created', 'host', 'user'];
  const rows = keys.map((key) => [key.id === current ? '*' : ' ', ...cells(key, timeZone)]);
  const all = [header, ...rows].map((row) => row.map(terminalSafe));
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  const closing = `${count(keys.length, 'key')}; * opened it`;
  return `${[...lines.map((line) => line.trimEnd()), closing].join('\n')}\n`;
}

function cells(key: KeyEntry, timeZone: string): readonly string[] {
  const id = key.id.slice(0, 8);
  if (key.kind === 'damaged') return [id, 'damaged, opens nothing'];
  const time = Date.parse(key.created);
  return [id, Number.isNaN(time) ? '?' : datedMoment(time, timeZone), key.hostname, key.username];
}
