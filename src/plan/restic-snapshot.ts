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
  readonly summary?: {
    /** RFC 3339, as `time`. */
    readonly backupStart: string;
    readonly backupEnd: string;
    readonly totalBytesProcessed: number;
    readonly dataAdded: number;
  };
}

/** Milliseconds since 1970; nanoseconds are cut, since milliseconds are all that `Date` promises to read. */
export function parseSnapshotTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [, seconds = '', fraction = '', offset = ''] = match;
  const time = Date.parse(seconds + fraction.slice(0, 4) + offset);
  return Number.isNaN(time) ? undefined : time;
}

/** The offset from UTC that a time states, in minutes, east positive. */
export function parseSnapshotOffset(text: string): number {
  const [, sign = '+', hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
  const offset = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === '-' ? -offset : offset;
}

/** The values of all tags `KEY=VALUE`. */
export function tagValues(tags: readonly string[], key: string): readonly string[] {
  const prefix = `${key}=`;
  return tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length));
}
