import type { TextAt } from './data-paths.ts';
import type { Finding } from './finding.ts';

/** Whether the calendar has the day of a date, or of a moment. What is neither is left to the schema. */
export function badDate({ path, text }: TextAt): readonly Finding[] {
  const [, day, year, month, date] = /^((\d{4})-(\d\d)-(\d\d))(?:T|$)/.exec(text) ?? [];
  if (day === undefined) return [];
  const found = new Date(Date.UTC(Number(year), Number(month) - 1, Number(date)));
  if (found.toISOString().startsWith(day)) return [];
  return [{ path, at: 'value', message: `there is no day ${day}`, hint: 'write one that the calendar has' }];
}
