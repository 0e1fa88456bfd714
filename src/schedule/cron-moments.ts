import type { CronLine } from './cron-line.ts';
import { type CalendarDay, localTime, momentOf } from './zoned-time.ts';

const MINUTES_A_DAY = 24 * 60;
const DAY = MINUTES_A_DAY * 60_000;
/** In so many days each day of the calendar comes at least once, 29 February in 2096 to 2104 too. */
const ALL_DAYS = 8 * 366 + 1;

/** The last moment of a schedule that is not after `time`, in milliseconds since 1970; undefined when it never fires. */
export function lastMoment(line: CronLine, timeZone: string, time: number): number | undefined {
  return findMoment(line, timeZone, time, 'last');
}

/** The first one after `time`. */
export function nextMoment(line: CronLine, timeZone: string, time: number): number | undefined {
  return findMoment(line, timeZone, time, 'next');
}

/** The longest time between two moments of a schedule, in milliseconds; undefined when it never fires. */
export function longestGapMs(line: CronLine): number | undefined {
  const [first, last] = [line.minutes[0], line.minutes.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const start = Date.UTC(2096, 0, 1);
  // Twice all of them, so that each gap is between two days that were looked at.
  const days = Array.from({ length: 2 * ALL_DAYS }, (_, day) => day).filter((day) =>
    isOn(line, calendarDay(start + day * DAY)),
  );
  if (days.length === 0) return undefined;
  const within = line.minutes.slice(1).map((minute, index) => minute - (line.minutes[index] ?? 0));
  const between = days
    .slice(1)
    .map((day, index) => (day - (days[index] ?? 0)) * MINUTES_A_DAY + first - last);
  return [...within, ...between].reduce((longest, gap) => Math.max(longest, gap), 0) * 60_000;
}

function findMoment(
  line: CronLine,
  timeZone: string,
  time: number,
  which: 'last' | 'next',
): number | undefined {
  const { year, month, day } = localTime(time, timeZone);
  const today = Date.UTC(year, month - 1, day);
  const step = which === 'last' ? -DAY : DAY;
  const minutes = which === 'last' ? line.minutes.toReversed() : line.minutes;
  // Clocks that are put forward may carry the last moment of a day into the next one.
  for (let days = -1; days < ALL_DAYS; days++) {
    const date = calendarDay(today + days * step);
    if (!isOn(line, date)) continue;
    const moments = minutes.map((minute) => () => momentOf({ ...date, minute }, timeZone));
    for (const momentAt of moments) {
      const moment = momentAt();
      if (which === 'last' ? moment <= time : moment > time) return moment;
    }
  }
  return undefined;
}

function isOn({ days, months, weekdays, eitherDay }: CronLine, date: CalendarDay): boolean {
  if (!months.has(date.month)) return false;
  const weekday = new Date(Date.UTC(date.year, date.month - 1, date.day)).getUTCDay();
  const [isDay, isWeekday] = [days.has(date.day), weekdays.has(weekday)];
  return eitherDay ? isDay || isWeekday : isDay && isWeekday;
}

function calendarDay(midnight: number): CalendarDay {
  const date = new Date(midnight);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}
