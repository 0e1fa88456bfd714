import { describe, expect, it } from 'vitest';
import type { BackupPolicy } from '../../../src/config/site.ts';
import type { GuestSnapshot } from '../../../src/plan/facts.ts';
import { judgeLine, type Protection } from '../../../src/plan/retention/judge-line.ts';
import { backup, guest, HOUR, NOW, policy, snapshotId } from '../sample-site.ts';

const web = guest('qemu/101');
/** Days old: `d3` is three. */
const day = (days: number, entry: Partial<GuestSnapshot> = {}) =>
  backup(web, days * 24 * HOUR, { id: snapshotId(`d${days}`.replace('d', 'a')), ...entry });
const week = [0, 1, 2, 3, 4, 5, 6].map((days) => day(days));
const NOTHING: Protection = { pinned: new Set(), damaged: new Set() };
const daily = (count: number, name = 'gold') => policy(name, { retention: { daily: count } });

function judged(policies: readonly BackupPolicy[], protection = NOTHING, snapshots = week): string {
  const { forget } = judgeLine(snapshots, policies, { protection });
  return forget.map(({ time }) => Math.round((NOW - time) / (24 * HOUR))).join(' ');
}

describe('of a week of daily backups these go, oldest first', () => {
  it.each<[string, string, string]>([
    ['those that the rule does not want', judged([daily(3)]), '6 5 4 3'],
    ['none that another policy wants', judged([daily(3), daily(5, 'silver')]), '6 5'],
    ['none when a policy has no retention', judged([daily(3), policy('silver')]), ''],
    [
      'none that is pinned',
      judged([daily(3)], { ...NOTHING, pinned: new Set([week[5]?.id ?? '']) }),
      '6 4 3',
    ],
    [
      'none that is pinned by the id it had before restic rewrote it',
      judged([daily(1)], { ...NOTHING, pinned: new Set(['old']) }, [
        day(0),
        day(1, { original: 'old' }),
        day(2),
      ]),
      '2',
    ],
    [
      'not the last good one, when newer ones are damaged',
      judged([daily(1)], { ...NOTHING, damaged: new Set([week[0]?.id ?? '', week[1]?.id ?? '']) }),
      '6 5 4 3 1',
    ],
    [
      'not the only one, whatever the rules',
      judged([policy('none', { retention: {} })], NOTHING, [day(9)]),
      '',
    ],
  ])('%s', (_, found, expected) => {
    expect(found).toBe(expected);
  });
});

it('every one that stays has its reasons', () => {
  const pinned = new Set([week[4]?.id ?? '']);
  const policies = [policy('gold', { retention: { last: 1, daily: 2 } }), daily(1, 'silver')];
  const { keep } = judgeLine(week, policies, { protection: { pinned, damaged: new Set() } });
  expect(keep.map(({ by }) => by)).toEqual([
    [{ kind: 'pinned' }],
    [{ kind: 'rules', policy: 'gold', rules: ['keep-daily'] }],
    [
      { kind: 'rules', policy: 'gold', rules: ['keep-last', 'keep-daily'] },
      { kind: 'rules', policy: 'silver', rules: ['keep-daily'] },
      { kind: 'last-good' },
    ],
  ]);
});
