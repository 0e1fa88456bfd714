import { describe, expect, it } from 'vitest';
import type { Retention } from '../../../src/config/site.ts';
import { type DatedSnapshot, keepRules } from '../../../src/plan/retention/keep-rules.ts';

const UTC = 0;
const at = (text: string, offsetMinutes = UTC): DatedSnapshot => ({
  id: text,
  time: Date.parse(`${text}Z`) - offsetMinutes * 60_000,
  offsetMinutes,
});
const nightly = (days: readonly string[]) => days.map((day) => at(`${day}T02:00`));

function kept(snapshots: readonly DatedSnapshot[], retention: Retention): Record<string, string> {
  return Object.fromEntries([...keepRules(snapshots, retention)].map(([id, rules]) => [id, rules.join(' ')]));
}

describe('each rule by itself', () => {
  const days = nightly(['2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22']);
  const twice = [...days, at('2026-11-22T14:00'), at('2026-11-22T14:40')];

  it.each<[string, Retention, Record<string, string>]>([
    ['the last ones', { last: 2 }, { '2026-11-22T14:40': 'keep-last', '2026-11-22T14:00': 'keep-last' }],
    [
      'the newest of each hour',
      { hourly: 2 },
      { '2026-11-22T14:40': 'keep-hourly', '2026-11-22T02:00': 'keep-hourly' },
    ],
    [
      'the newest of each day',
      { daily: 2 },
      { '2026-11-22T14:40': 'keep-daily', '2026-11-21T02:00': 'keep-daily' },
    ],
    ['the newest of each week', { weekly: 3 }, { '2026-11-22T14:40': 'keep-weekly' }],
    [
      'what is younger than the newest by less than so much',
      { withinMs: 36 * 3_600_000 },
      {
        '2026-11-22T14:40': 'keep-within',
        '2026-11-22T14:00': 'keep-within',
        '2026-11-22T02:00': 'keep-within',
      },
    ],
    [
      'several rules may want the same one',
      { last: 1, daily: 1, yearly: 5 },
      { '2026-11-22T14:40': 'keep-last keep-daily keep-yearly' },
    ],
    ['no rule, nothing', {}, {}],
  ])('%s', (_, retention, expected) => {
    expect(kept(twice, retention)).toEqual(expected);
  });
});

describe('the calendar', () => {
  it('is that of the clock that made the snapshot', () => {
    const late = at('2026-11-22T23:30', 60);
    const early = at('2026-11-23T00:30', 60);
    expect(kept([late, early], { daily: 5 })).toEqual({
      '2026-11-22T23:30': 'keep-daily',
      '2026-11-23T00:30': 'keep-daily',
    });
    const utc = [late, early].map((one) => ({ ...one, offsetMinutes: 0 }));
    expect(kept(utc, { daily: 5 })).toEqual({ '2026-11-23T00:30': 'keep-daily' });
  });

  it.each([
    ['Sunday and Monday are two weeks', ['2026-11-22', '2026-11-23'], 2],
    ['the week around New Year is one', ['2026-12-31', '2027-01-01', '2027-01-03'], 1],
    ['week 53 and week 1 are two', ['2027-01-03', '2027-01-04'], 2],
    ['before 1970 as well', ['1969-12-28', '1969-12-29', '1970-01-01'], 2],
  ])('%s', (_, days, weeks) => {
    expect(keepRules(nightly(days), { weekly: 9 }).size).toBe(weeks);
  });
});
