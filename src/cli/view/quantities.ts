/** How quantities are written for people. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Bytes in binary units with at most one decimal: `512 B`, `64 GiB`, `1.5 TiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (unit < units.length - 1 && roundTenth(value) >= 1024) {
    value /= 1024;
    unit += 1;
  }
  const digits = value < 100 ? roundTenth(value) : Math.round(value);
  return `${digits} ${units[unit]}`;
}

/**
 * A span of time in milliseconds by its two largest units, cut, not rounded, so that nothing looks older than
 * it is: `40 s`, `10 min`, `23 h 20 min`, `3 d 4 h`. Hours go up to two days, as policies state them.
 */
export function formatDuration(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / 1000)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms <= 2 * DAY) return pair([Math.floor(ms / HOUR), 'h'], [Math.floor((ms % HOUR) / MINUTE), 'min']);
  return pair([Math.floor(ms / DAY), 'd'], [Math.floor((ms % DAY) / HOUR), 'h']);
}

/** A moment, milliseconds since 1970, as the clocks of a zone (`Europe/Berlin`) show it: `Mon 23 Nov 02:00 CET`. */
export function formatMoment(time: number, timeZone: string): string {
  if (Math.abs(time) > LAST_MOMENT) return 'at no time';
  const parts = new Map(
    momentFormat(timeZone)
      .formatToParts(time)
      .map(({ type, value }) => [type, value]),
  );
  const [weekday, day, month] = [parts.get('weekday'), parts.get('day'), parts.get('month')];
  return `${weekday} ${day} ${month} ${parts.get('hour')}:${parts.get('minute')} ${parts.get('timeZoneName')}`;
}

/** `1 guest`, `2 guests` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Of all that a `Date` can be. */
const LAST_MOMENT = 8.64e15;

const momentFormats = new Map<string, Intl.DateTimeFormat>();

/** Making one takes longer than a thousand uses of it, and a hundred kilobytes. */
function momentFormat(timeZone: string): Intl.DateTimeFormat {
  const known = momentFormats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: '2-digit',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
  momentFormats.set(timeZone, made);
  return made;
}

function roundTenth(value: number): number {
  return Math.round(value * 10) / 10;
}

function pair(
  [large, unit]: readonly [number, string],
  [small, smallUnit]: readonly [number, string],
): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}
