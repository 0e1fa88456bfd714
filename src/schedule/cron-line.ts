/** The five fields of a cron line: minute, hour, day of the month, month, day of the week. */
export interface CronLine {
  /** Minutes since midnight, ascending. */
  readonly minutes: readonly number[];
  readonly days: ReadonlySet<number>;
  /** 1 to 12 */
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday, 6 Saturday. */
  readonly weekdays: ReadonlySet<number>;
  /** Where both day fields are restricted, either suffices: so cron has it. */
  readonly eitherDay: boolean;
}

export type ParsedCron =
  | { readonly kind: 'cron'; readonly line: CronLine }
  | { readonly kind: 'wrong'; readonly why: string };

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MINUTE: Field = { name: 'minute', min: 0, max: 59 };
const HOUR: Field = { name: 'hour', min: 0, max: 23 };
const DAY: Field = { name: 'day of the month', min: 1, max: 31 };
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH: Field = { name: 'month', min: 1, max: 12, names: MONTHS };
/** 7 is Sunday, too. */
const WEEKDAY: Field = {
  name: 'day of the week',
  min: 0,
  max: 7,
  names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
};

/** Numbers, names of months and days, `*`, ranges, lists and steps, as crontab(5) has them. */
export function parseCron(text: string): ParsedCron {
  const words = text.trim().split(/\s+/);
  if (words.length !== 5)
    return {
      kind: 'wrong',
      why: 'it takes five fields: minute, hour, day of the month, month, day of the week',
    };
  const fields = [MINUTE, HOUR, DAY, MONTH, WEEKDAY].map((field, index) =>
    parseField(words[index] ?? '', field),
  );
  const wrong = fields.find((field) => typeof field === 'string');
  if (wrong !== undefined) return { kind: 'wrong', why: wrong };
  const [minutes, hours, days, months, weekdays] = fields.map((field) =>
    typeof field === 'string' ? new Set<number>() : field,
  );
  if (!minutes || !hours || !days || !months || !weekdays)
    return { kind: 'wrong', why: 'a field is missing' };
  const ascending = (set: ReadonlySet<number>) => [...set].sort((a, b) => a - b);
  const isRestricted = (index: number) => words[index]?.startsWith('*') === false;
  return {
    kind: 'cron',
    line: {
      minutes: ascending(hours).flatMap((hour) => ascending(minutes).map((minute) => hour * 60 + minute)),
      days,
      months,
      weekdays: new Set([...weekdays].map((weekday) => weekday % 7)),
      eitherDay: isRestricted(2) && isRestricted(4),
    },
  };
}

/** @returns the values, or what is wrong */
function parseField(text: string, field: Field): ReadonlySet<number> | string {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const range = parsePart(part, field);
    if (range === undefined)
      return `"${part}" is no ${field.name} (${field.min} to ${field.max}, a range, or *; /N for each Nth)`;
    for (let value = range.from; value <= range.to; value += range.step) values.add(value);
  }
  return values;
}

function parsePart(
  part: string,
  field: Field,
): { readonly from: number; readonly to: number; readonly step: number } | undefined {
  const [, range = '', steps] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
  const step = Number(steps ?? 1);
  if (range === '' || step < 1) return undefined;
  if (range === '*') return { from: field.min, to: field.max, step };
  const [first = '', last, ...more] = range.split('-');
  const from = parseValue(first, field);
  const to = last === undefined ? (steps === undefined ? from : field.max) : parseValue(last, field);
  if (from === undefined || to === undefined || to < from || more.length > 0) return undefined;
  return { from, to, step };
}

function parseValue(text: string, { min, max, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return min + named;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
