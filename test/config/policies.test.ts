import { describe, expect, test } from 'vitest';
import { brief, GOOD, parse } from './render-site.ts';

const HOUR = 3_600_000;

/** The good site with other text from `backups` on. */
function withPolicies(text: string, top = ''): string {
  return `${top}${GOOD.slice(0, GOOD.indexOf('backups:'))}${text}`;
}
const all = (keys: string) => withPolicies(`backups:\n  - { name: p, host: pve, all: true, ${keys} }\n`);
const policyOf = (text: string) => parse(text).backups[0];

describe('guests over time', () => {
  test('keep what they leave for so long', () => {
    expect(parse(`orphans: { keep: 90d }\n${GOOD}`).orphans).toEqual({ keepMs: 90 * 24 * HOUR });
    expect(parse(GOOD).orphans).toBeUndefined();
  });

  test('move from where the site has a way, or had one, to where it has one', () => {
    const moved = `moved:
  - { from: { host: pve, guest: qemu/101 }, to: { host: pve, guest: qemu/201 } }
  - { from: { host: old, guest: lxc/105 }, to: { host: pve, guest: lxc/105 } }
`;
    const text = `${moved}${GOOD.replace('mode: local', 'mode: local\n    id: fra')}`;
    const to = (type: string, vmid: number) => ({ host: 'pve', hostId: 'fra', guest: { type, vmid } });
    expect(parse(text).moved).toEqual([
      { from: { hostId: 'fra', guest: { type: 'qemu', vmid: 101 } }, to: to('qemu', 201) },
      { from: { hostId: 'old', guest: { type: 'lxc', vmid: 105 } }, to: to('lxc', 105) },
    ]);
  });
});

describe('a policy', () => {
  test('takes from defaults what it does not say itself', () => {
    const text = withPolicies(`
defaults:
  schedule: "0 2 * * mon-fri"
  window: "22:00-06:00"
  verify_within: 7d
  backup_mode: suspend
  retention: { keep-last: 3 }
backups:
  - { name: p, host: pve, all: true }
  - { name: q, host: pve, all: true, rpo: 12h, window: "00:00-24:00", verify_within: 1d, backup_mode: stop, retention: { keep-daily: 7 }, time_zone: Europe/Berlin }
`);
    const [p, q] = parse(text).backups;
    expect(p).toMatchObject({
      schedule: { cron: '0 2 * * mon-fri', timeZone: 'UTC' },
      rpoMs: (3 * 24 + 24) * HOUR,
      window: { from: 22 * 60, to: 6 * 60, timeZone: 'UTC' },
      verifyWithinMs: 7 * 24 * HOUR,
      defaultMode: 'suspend',
      retention: { last: 3 },
    });
    expect(q).toMatchObject({
      rpoMs: 12 * HOUR,
      window: { from: 0, to: 24 * 60, timeZone: 'Europe/Berlin' },
      verifyWithinMs: 24 * HOUR,
      backupMode: 'stop',
      retention: { daily: 7 },
    });
    expect(q?.schedule).toBeUndefined();
    expect(q?.retention).toEqual({ daily: 7 });
  });

  test('goes by the clocks of the file, or of the machine', () => {
    const text = all('schedule: "0 2 * * *", skip_: 1').replace(', skip_: 1', '');
    expect(policyOf(`time_zone: Europe/Berlin\n${text}`)?.schedule?.timeZone).toBe('Europe/Berlin');
    expect(policyOf(text)?.schedule?.timeZone).toBe('UTC');
  });

  test('can skip its guests, and be the fallback', () => {
    const text = withPolicies(`backups:
  - { name: p, host: pve, vmid: 101, skip: { reason: rebuilt from git, owner: jan, until: 2026-12-31 } }
  - { name: q, host: pve, all: true, fallback: true, include: { status: [running, paused] } }
`);
    const { backups, skips } = parse(text);
    const said = { reason: 'rebuilt from git', owner: 'jan', until: '2026-12-31', timeZone: 'UTC' };
    expect(skips).toMatchObject([{ name: 'p', hosts: ['pve'], select: { vmids: [101] }, ...said }]);
    expect(backups).toHaveLength(1);
    expect(backups[0]).toMatchObject({ fallback: true, include: { statuses: ['running', 'paused'] } });
  });

  test('may come from an anchor, and be merged', () => {
    const text = withPolicies(`
x-gold: &gold { host: pve, rpo: 12h, verify_within: 7d, retention: { keep-daily: 7 } }
backups:
  - { <<: *gold, name: a, pool: a }
  - { <<: *gold, name: b, pool: b, rpo: 6h }
`);
    expect(parse(text).backups).toMatchObject([
      { name: 'a', rpoMs: 12 * HOUR, retention: { daily: 7 } },
      { name: 'b', rpoMs: 6 * HOUR, verifyWithinMs: 7 * 24 * HOUR },
    ]);
  });
});

describe('refused is', () => {
  test.each([
    [
      'rpo beside schedule',
      'rpo: 24h, schedule: "0 2 * * *"',
      ['"rpo" and "schedule" are given together; keep one'],
    ],
    ['a schedule that never comes', 'schedule: "0 2 30 2 *"', ['the schedule "0 2 30 2 *" never comes']],
    [
      'a schedule that is none',
      'schedule: "0 25 * * *"',
      ['"0 25 * * *" is not a schedule; "25" is no hour'],
    ],
    ['a schedule of other fields', 'schedule: "@daily"', ['"@daily" is not a schedule; write five fields']],
    [
      'an unknown time zone',
      'time_zone: Europe/Berlim',
      ['called "Europe/Berlim"; did you mean "Europe/Berlin"?'],
    ],
    ['a window that never opens', 'window: "06:00-06:00"', ['the window "06:00-06:00" is never open']],
    ['a window that is none', 'window: 22-6', ['"22-6" is not a window; write two times of day']],
    [
      'a day that does not exist',
      'skip: { reason: a, owner: b, until: 2026-02-30 }',
      ['there is no day 2026-02-30'],
    ],
    ['a skip without an end', 'skip: { reason: a, owner: b }', ['missing key "until" in "skip"']],
    [
      'a skip that backs up',
      'rpo: 24h, skip: { reason: a, owner: b, until: 2026-12-31 }',
      ['"rpo" says nothing beside skip'],
    ],
    [
      'a policy that excludes what it includes',
      'include: { tags: gold }, exclude: { tags: [gold] }',
      ['the policy "p" selects tags gold, and excludes it'],
    ],
    [
      'a retention that keeps nothing',
      'retention: { keep-last: 0 }',
      ['0 is not a number of snapshots to keep'],
    ],
    ['a retention without rules', 'retention: {}', ['"retention" is empty']],
    ['a name with a comma', 'name: "a,b"', ['is given twice', '"a,b" is not a name']],
  ])('%s', (_, keys, messages) => {
    expect(brief(all(keys))).toEqual(messages.map((message) => expect.stringContaining(message)));
  });

  test.each([
    [
      'a guest that one policy skips and another selects by its number',
      `  - { name: a, host: pve, vmid: [101, 102] }
  - { name: b, host: pve, vmid: 102, skip: { reason: x, owner: y, until: 2026-12-31 } }`,
      '11:27: the policy "b" skips guest 102, and "a" selects it',
    ],
    [
      'a pool that two policies want in two modes',
      `  - { name: a, host: pve, pool: prod, backup_mode: stop }
  - { name: b, hosts: [pve], pool: prod, backup_mode: snapshot }`,
      '11:55: the policy "b" wants pool prod in mode snapshot, and "a" in mode stop',
    ],
    [
      'two modes for all',
      `  - { name: a, host: pve, all: true, backup_mode: stop }
  - { name: b, host: pve, all: true, backup_mode: suspend }`,
      'the policy "b" wants all guests in mode suspend, and "a" in mode stop',
    ],
  ])('%s', (_, policies, message) => {
    expect(brief(withPolicies(`backups:\n${policies}\n`))).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ['different modes for different repositories', 'repository: away, backup_mode: stop'],
    ['different modes where one is narrowed', 'include: { tags: gold }, backup_mode: stop'],
  ])('not: %s', (_, keys) => {
    const text = withPolicies(`backups:
  - { name: a, host: pve, all: true, repository: main, backup_mode: snapshot }
  - { name: b, host: pve, all: true, ${keys.includes('repository') ? '' : 'repository: main, '}${keys} }
`).replace('hosts:', '  away: { path: ./away, password: x }\nhosts:');
    expect(brief(text)).toEqual([]);
  });
});
