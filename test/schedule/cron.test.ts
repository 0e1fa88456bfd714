import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CronLine, parseCron } from '../../src/schedule/cron-line.ts';
import { lastMoment, longestGapMs, nextMoment } from '../../src/schedule/cron-moments.ts';
import {
  formatWindow,
  isInWindow,
  nextClosing,
  nextOpening,
  parseWindow,
} from '../../src/schedule/daily-window.ts';
import { isTimeZone, localTime } from '../../src/schedule/zoned-time.ts';

const HOUR = 3_600_000;
const BERLIN = 'Europe/Berlin';

function cron(text: string): CronLine {
  const parsed = parseCron(text);
  if (parsed.kind === 'wrong') throw new Error(parsed.why);
  return parsed.line;
}

const iso = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());

describe('the moments of a cron line', () => {
  it.each([
    // Monday 23 November 2026, 02:00 in Berlin.
    ['0 2 * * *', '2026-11-23T01:00:00Z', '2026-11-23T01:00:00.000Z', '2026-11-24T01:00:00.000Z'],
    ['0 2 * * *', '2026-11-23T00:59:59Z', '2026-11-22T01:00:00.000Z', '2026-11-23T01:00:00.000Z'],
    ['*/15 9-17 * * mon-fri', '2026-11-23T01:00:00Z', '2026-11-20T16:45:00.000Z', '2026-11-23T08:00:00.000Z'],
    ['30 22 * * 7', '2026-11-23T01:00:00Z', '2026-11-22T21:30:00.000Z', '2026-11-29T21:30:00.000Z'],
    ['0 0 1 jan,jul *', '2026-11-23T01:00:00Z', '2026-06-30T22:00:00.000Z', '2026-12-31T23:00:00.000Z'],
    ['0 12 29 2 *', '2026-11-23T01:00:00Z', '2024-02-29T11:00:00.000Z', '2028-02-29T11:00:00.000Z'],
    ['0 4 1 * mon', '2026-11-23T01:00:00Z', '2026-11-16T03:00:00.000Z', '2026-11-23T03:00:00.000Z'],
    ['5/20 2 * * *', '2026-11-23T01:30:00Z', '2026-11-23T01:25:00.000Z', '2026-11-23T01:45:00.000Z'],
  ])('%s, at %s, are %s and %s', (text, now, last, next) => {
    const time = Date.parse(now);
    expect(iso(lastMoment(cron(text), BERLIN, time))).toBe(last);
    expect(iso(nextMoment(cron(text), BERLIN, time))).toBe(next);
  });

  it.each([
    [
      'comes as much later as clocks are put forward',
      '30 2 * * *',
      '2026-03-29T12:00:00Z',
      '2026-03-29T01:30:00.000Z',
    ],
    [
      'is the first of two when they are put back',
      '30 2 * * *',
      '2026-10-25T12:00:00Z',
      '2026-10-25T00:30:00.000Z',
    ],
  ])('%s', (_, text, now, last) => {
    expect(iso(lastMoment(cron(text), BERLIN, Date.parse(now)))).toBe(last);
  });

  it('follow each other', () => {
    const lines = ['0 2 * * *', '*/7 * * * *', '30 2 * * sun', '0 0 31 * *', '15,45 0-3 1-7 * wed'].map(cron);
    const zones = [BERLIN, 'UTC', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu'];
    const times = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2040, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...lines), fc.constantFrom(...zones), times, (line, zone, time) => {
        const [last, next] = [lastMoment(line, zone, time) ?? 0, nextMoment(line, zone, time) ?? 0];
        expect(last).toBeLessThanOrEqual(time);
        expect(next).toBeGreaterThan(time);
        expect(lastMoment(line, zone, next - 1)).toBe(last);
        expect(lastMoment(line, zone, next)).toBe(next);
        expect(next - last).toBeLessThanOrEqual((longestGapMs(line) ?? 0) + HOUR);
      }),
      { numRuns: 150 },
    );
  });

  it.each(['0 2 30 2 *', '0 0 31 apr,jun *'])('%s has none', (text) => {
    expect(lastMoment(cron(text), BERLIN, Date.UTC(2026, 10, 23))).toBeUndefined();
    expect(longestGapMs(cron(text))).toBeUndefined();
  });

  it.each([
    ['0 2 * * *', 24],
    ['0 8,20 * * *', 12],
    ['0 9-17 * * mon-fri', 3 * 24 - 8],
    ['* * * * *', 1 / 60],
    ['0 0 1 * *', 31 * 24],
    ['0 0 29 2 *', (8 * 365 + 1) * 24],
  ])('%s are at most %f h apart', (text, hours) => {
    expect((longestGapMs(cron(text)) ?? 0) / HOUR).toBeCloseTo(hours);
  });
});

describe('a cron line', () => {
  it.each([
    ['0 2 * *', 'it takes five fields'],
    ['@daily', 'it takes five fields'],
    ['60 2 * * *', '"60" is no minute'],
    ['0 24 * * *', '"24" is no hour'],
    ['0 2 0 * *', '"0" is no day of the month'],
    ['0 2 * 13 *', '"13" is no month'],
    ['0 2 * * 8', '"8" is no day of the week'],
    ['0 2 * * fri-mon', '"fri-mon" is no day of the week'],
    ['*/0 2 * * *', '"*/0" is no minute'],
    ['1- 2 * * *', '"1-" is no minute'],
    ['1,,2 2 * * *', '"" is no minute'],
    ['-1 2 * * *', '"-1" is no minute'],
    ['0x1 2 * * *', '"0x1" is no minute'],
  ])('%s is refused', (text, why) => {
    expect(parseCron(text)).toMatchObject({ kind: 'wrong', why: expect.stringContaining(why) });
  });
});

describe('a window', () => {
  const night = { ...{ from: 22 * 60, to: 6 * 60 }, timeZone: BERLIN };
  const noon = { ...{ from: 12 * 60, to: 14 * 60 + 30 }, timeZone: BERLIN };
  it.each([
    ['over midnight', night, '2026-11-23T01:00:00Z', true],
    ['over midnight, at its start', night, '2026-11-22T21:00:00Z', true],
    ['over midnight, at its end', night, '2026-11-23T05:00:00Z', false],
    ['over midnight, at noon', night, '2026-11-23T11:00:00Z', false],
    ['of a day', noon, '2026-11-23T11:00:00Z', true],
    ['of a day, at its end', noon, '2026-11-23T13:30:00Z', false],
  ])('%s', (_, window, now, open) => {
    expect(isInWindow(window, Date.parse(now))).toBe(open);
  });

  it('opens and closes by the clocks of its zone', () => {
    expect(iso(nextOpening(night, Date.parse('2026-03-28T12:00:00Z')))).toBe('2026-03-28T21:00:00.000Z');
    expect(iso(nextClosing(night, Date.parse('2026-03-28T22:00:00Z')))).toBe('2026-03-29T04:00:00.000Z');
    expect(iso(nextClosing({ ...noon, to: 24 * 60 }, Date.parse('2026-11-23T12:00:00Z')))).toBe(
      '2026-11-23T23:00:00.000Z',
    );
  });

  it.each(['22:00-06:00', '00:00-24:00', '08:15-08:20'])('%s is one', (text) => {
    expect(formatWindow(parseWindow(text) ?? night)).toBe(text);
  });

  it.each(['22:00', '22-6', '22:00-22:00', '25:00-06:00', '22:60-06:00', '22:00-24:01', ''])(
    '"%s" is none',
    (text) => {
      expect(parseWindow(text)).toBeUndefined();
    },
  );
});

it('a time zone is known by its name', () => {
  expect(['Europe/Berlin', 'UTC'].map(isTimeZone)).toEqual([true, true]);
  expect(['Europe/Berlim', '', 'x y'].map(isTimeZone)).toEqual([false, false, false]);
  expect(localTime(Date.parse('2026-11-23T01:00:30Z'), 'Asia/Kathmandu')).toEqual({
    year: 2026,
    month: 11,
    day: 23,
    minute: 6 * 60 + 45,
  });
});
