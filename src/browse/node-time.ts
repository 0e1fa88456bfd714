/** A moment: seconds since 1970, rounded down, and the rest. */
export interface SplitTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Takes an RFC 3339 time with any number of decimals apart; what is no time is 1970. */
export function splitTime(rfc3339: string): SplitTime {
  const [, before = '', decimals = '', zone = ''] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(rfc3339) ?? [];
  const ms = Date.parse(`${before}${zone}`);
  if (Number.isNaN(ms)) return { seconds: 0, nanoseconds: 0 };
  return { seconds: ms / 1000, nanoseconds: Number(decimals.slice(0, 9).padEnd(9, '0')) };
}
