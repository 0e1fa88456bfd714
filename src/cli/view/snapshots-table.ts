import type { GuestSnapshot, NodeSnapshot } from '../../plan/facts.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { formatMoment } from './quantities.ts';
import { terminalSafe } from './terminal-safe.ts';

/** Snapshots of guests and nodes as a table, in the order given; those that are pinned are marked. */
export function snapshotsTable(
  snapshots: readonly (GuestSnapshot | NodeSnapshot)[],
  {
    timeZone,
    isPinned,
  }: {
    readonly timeZone: string;
    readonly isPinned: (snapshot: GuestSnapshot | NodeSnapshot) => boolean;
  },
): string {
  const rows = snapshots.map((snapshot) => [
    snapshot.id.slice(0, 8),
    formatMoment(snapshot.time, timeZone),
    snapshot.hostId,
    ...('guest' in snapshot
      ? [
          formatGuestRef(snapshot.guest),
          `${snapshot.policies.join(', ')}${isPinned(snapshot) ? ' (pinned)' : ''}`,
        ]
      : [`node/${snapshot.node}`, '']),
  ]);
  const all = [['id', 'taken', 'host', 'guest', 'policies'], ...rows].map((row) => row.map(terminalSafe));
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n${snapshots.length} snapshot${snapshots.length === 1 ? '' : 's'}\n`;
}
