import { type GuestRef, parseGuestRef } from '../pve/guest.ts';
import type { LineId } from '../pve/inventory.ts';
import { parseLineId } from '../pve/line.ts';
import type { GuestSnapshot } from './facts.ts';

/** What a restic snapshot file says, as far as it matters here. */
export interface ResticSnapshot {
  /** 64 hex digits. */
  readonly id: string;
  readonly original?: string | undefined;
  /** RFC 3339 with an offset and up to nine digits of a second. */
  readonly time: string;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
}

/**
 * Reads a restic snapshot as a backup of a guest (FORMAT.md, "Snapshots of guests").
 * A `guest=` tag that is no line, or several that differ, leave the line undefined: the snapshot can be
 * restored, but says nothing about the freshness of any guest.
 * @returns undefined when it is none: no `pvebak` tag, not exactly one path `/qemu/N` or `/lxc/N`, or no time
 */
export function toGuestSnapshot(snapshot: ResticSnapshot): GuestSnapshot | undefined {
  const guest = guestOfPaths(snapshot.paths);
  const time = parseTime(snapshot.time);
  if (!snapshot.tags.includes('pvebak') || guest === undefined || time === undefined) return undefined;
  const run = tagValues(snapshot.tags, 'run')[0];
  return {
    id: snapshot.id,
    ...(snapshot.original === undefined ? {} : { original: snapshot.original }),
    time,
    hostId: snapshot.hostname,
    guest,
    line: lineOfTags(snapshot.tags),
    policies: tagValues(snapshot.tags, 'policy'),
    ...(run === undefined ? {} : { run }),
  };
}

function guestOfPaths(paths: readonly string[]): GuestRef | undefined {
  const [path] = paths;
  return paths.length === 1 && path?.startsWith('/') ? parseGuestRef(path.slice(1)) : undefined;
}

/** Cuts nanoseconds to milliseconds, which is all that `Date` promises to read. */
function parseTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [, seconds = '', fraction = '', offset = ''] = match;
  const time = Date.parse(seconds + fraction.slice(0, 4) + offset);
  return Number.isNaN(time) ? undefined : time;
}

function lineOfTags(tags: readonly string[]): LineId | undefined {
  const [line, ...others] = new Set(tagValues(tags, 'guest'));
  return line === undefined || others.length > 0 ? undefined : parseLineId(line);
}

function tagValues(tags: readonly string[], key: string): readonly string[] {
  const prefix = `${key}=`;
  return tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length));
}
