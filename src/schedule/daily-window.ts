import { nextMoment } from './cron-moments.ts';
import { localTime } from './zoned-time.ts';

/** Hours of each day, by the clocks of a zone. */
export interface DailyWindow {
  /** Minutes since midnight; a window whose end is not after its start goes over midnight. */
  readonly from: number;
  readonly to: number;
  readonly timeZone: string;
}

/** `22:00-06:00`; undefined when it is none, or empty. */
export function parseWindow(text: string): Pick<DailyWindow, 'from' | 'to'> | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)$/.exec(text);
  const [from, to] = [minuteOf(match?.[1], match?.[2]), minuteOf(match?.[3], match?.[4])];
  return from === undefined || to === undefined || from === to || to > 24 * 60 ? undefined : { from, to };
}

/** `22:00-06:00` */
export function formatWindow({ from, to }: Pick<DailyWindow, 'from' | 'to'>): string {
  return `${formatMinute(from)}-${formatMinute(to)}`;
}

/** @param time milliseconds since 1970 */
export function isInWindow({ from, to, timeZone }: DailyWindow, time: number): boolean {
  const { minute } = localTime(time, timeZone);
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** When the window opens next, after `time`. */
export function nextOpening({ from, timeZone }: DailyWindow, time: number): number {
  return nextMoment(daily(from), timeZone, time) ?? time;
}

/** When the window closes next, after `time`. */
export function nextClosing({ to, timeZone }: DailyWindow, time: number): number {
  return nextMoment(daily(to % (24 * 60)), timeZone, time) ?? time;
}

function daily(minute: number): Parameters<typeof nextMoment>[0] {
  const upTo = (count: number, from: number) =>
    new Set(Array.from({ length: count }, (_, index) => from + index));
  return {
    minutes: [minute],
    days: upTo(31, 1),
    months: upTo(12, 1),
    weekdays: upTo(7, 0),
    eitherDay: false,
  };
}

function minuteOf(hours: string | undefined, minutes: string | undefined): number | undefined {
  return hours === undefined || minutes === undefined ? undefined : Number(hours) * 60 + Number(minutes);
}

function formatMinute(minute: number): string {
  const padded = (number: number) => String(number).padStart(2, '0');
  return `${padded(Math.floor(minute / 60))}:${padded(minute % 60)}`;
}
