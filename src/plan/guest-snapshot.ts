import { type GuestRef, parseGuestRef } from '../pve/guest.ts';
import type { LineId } from '../pve/inventory.ts';
import { parseLineId } from '../pve/line-id.ts';
import type { BackupHistory, GuestSnapshot } from './facts.ts';
import { parseSnapshotOffset, parseSnapshotTime, type ResticSnapshot, tagValues } from './restic-snapshot.ts';

/**
 * Reads a restic snapshot as a backup of a guest (FORMAT.md, "Snapshots of guests").
 * A `guest=` tag that is no line, or several that differ, leave the line undefined: the snapshot can be
 * restored, but says nothing about the freshness of any guest.
 * @returns undefined when it is none: no `pvebak` tag, not exactly one path `/qemu/N` or `/lxc/N`, or no time
 */
export function toGuestSnapshot(snapshot: ResticSnapshot): GuestSnapshot | undefined {
  const guest = guestOfPaths(snapshot.paths);
  const time = parseSnapshotTime(snapshot.time);
  if (!snapshot.tags.includes('pvebak') || guest === undefined || time === undefined) return undefined;
  const run = tagValues(snapshot.tags, 'run')[0];
  const history = historyOf(snapshot);
  return {
    id: snapshot.id,
    ...(snapshot.original === undefined ? {} : { original: snapshot.original }),
    time,
    offsetMinutes: parseSnapshotOffset(snapshot.time),
    hostId: snapshot.hostname,
    guest,
    line: lineOfTags(snapshot.tags),
    policies: tagValues(snapshot.tags, 'policy'),
    ...(run === undefined ? {} : { run }),
    ...(history === undefined ? {} : { history }),
  };
}

function historyOf({ summary }: ResticSnapshot): BackupHistory | undefined {
  if (summary === undefined) return undefined;
  const start = parseSnapshotTime(summary.backupStart);
  const end = parseSnapshotTime(summary.backupEnd);
  if (start === undefined || end === undefined || end < start) return undefined;
  return { durationMs: end - start, readBytes: summary.totalBytesProcessed, newBytes: summary.dataAdded };
}

function guestOfPaths(paths: readonly string[]): GuestRef | undefined {
  const [path] = paths;
  return paths.length === 1 && path?.startsWith('/') ? parseGuestRef(path.slice(1)) : undefined;
}

function lineOfTags(tags: readonly string[]): LineId | undefined {
  const [line, ...others] = new Set(tagValues(tags, 'guest'));
  return line === undefined || others.length > 0 ? undefined : parseLineId(line);
}
