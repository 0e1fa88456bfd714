const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A day of the calendar. */
export interface CalendarDay {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  readonly day: number;
}

export interface LocalTime extends CalendarDay {
  /** Since midnight, 0 to 1439. */
  readonly minute: number;
}

export function isTimeZone(name: string): boolean {
  try {
    return formatOf(name) !== undefined;
  } catch {
    return false;
  }
}

/** What the clocks of a zone show. @param time milliseconds since 1970 */
export function localTime(time: number, timeZone: string): LocalTime {
  const shown = new Date(time + offsetMs(time, timeZone));
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    minute: shown.getUTCHours() * 60 + shown.getUTCMinutes(),
  };
}

/**
 * The moment at which the clocks of a zone show a time, in milliseconds since 1970. Of two, when clocks are put back, the first; where
 * there is none, when they are put forward, as much later as they are.
 */
export function momentOf({ year, month, day, minute }: LocalTime, timeZone: string): number {
  const shown = Date.UTC(year, month - 1, day) + minute * MINUTE;
  const before = shown - offsetMs(shown - DAY, timeZone);
  const after = shown - offsetMs(shown + DAY, timeZone);
  const real = [before, after].filter((time) => time + offsetMs(time, timeZone) === shown);
  return real.length > 0 ? Math.min(...real) : before;
}

/** `2026-11-23` */
export function formatDay({ year, month, day }: CalendarDay): string {
  const padded = (number: number, digits: number) => String(number).padStart(digits, '0');
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
}

/** How much the clocks of a zone are ahead of UTC. */
function offsetMs(time: number, timeZone: string): number {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(time)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  const shown = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  return shown - Math.floor(time / MINUTE) * MINUTE;
}

/** Making one takes longer than all that is done with it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  formats.set(timeZone, made);
  return made;
}
