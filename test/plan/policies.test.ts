import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackupPolicy, SkipPolicy } from '../../src/config/site.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { parseCron } from '../../src/schedule/cron-line.ts';
import { longestGapMs } from '../../src/schedule/cron-moments.ts';
import {
  backup,
  facts,
  filter,
  guest,
  HOUR,
  host,
  intent,
  inventory,
  NOW,
  policy,
  refs,
  site,
  vmid,
} from './sample-site.ts';

const web = guest('qemu/101', { name: 'web-1', pool: 'prod', tags: ['gold'] });
const db = guest('qemu/102', { name: 'db', pool: 'prod', status: 'stopped' });
const git = guest('lxc/105', { name: 'git' });
const here = inventory([web, db, git], { pools: ['prod'] });
const BERLIN = 'Europe/Berlin';

function planOf(
  backups: readonly BackupPolicy[],
  skips: readonly SkipPolicy[] = [],
  held: Parameters<typeof facts>[1] = [],
) {
  return makePlan(site({ backups, skips }), facts({ pve: here }, held));
}

function skip(name: string, entry: Partial<SkipPolicy> = {}): SkipPolicy {
  const { hosts, select, include, exclude } = policy(name);
  const said = { reason: 'rebuilt from git', owner: 'jan', until: '2026-11-23', timeZone: BERLIN };
  return { name, hosts, select, include, exclude, ...said, ...entry };
}

/** Due at the moments of a cron line, in Berlin. */
function scheduled(cron: string, entry: Partial<BackupPolicy> = {}): BackupPolicy {
  const parsed = parseCron(cron);
  if (parsed.kind === 'wrong') throw new Error(parsed.why);
  const rpoMs = (longestGapMs(parsed.line) ?? 0) + 24 * HOUR;
  return policy('s', { rpoMs, schedule: { cron, line: parsed.line, timeZone: BERLIN }, ...entry });
}

describe('a fallback', () => {
  it('selects what no other policy selects, wherever it stands', () => {
    const gold = policy('gold', { include: filter({ tags: ['gold'] }) });
    const rest = policy('rest', { fallback: true });
    for (const backups of [
      [rest, gold],
      [gold, rest],
    ]) {
      const plan = planOf(backups);
      const pairs = plan.backups.map(({ guest: { name }, policies }) => [name, policies]);
      expect(new Map(pairs as [string, readonly string[]][])).toEqual(
        new Map([
          ['web-1', ['gold']],
          ['db', ['rest']],
          ['git', ['rest']],
        ]),
      );
      expect(plan.uncovered).toEqual([]);
    }
  });

  it('selects what others exclude: to leave a guest out for good, skip it', () => {
    const most = policy('most', { exclude: filter({ names: ['git'] }) });
    expect(planOf([most, policy('rest', { fallback: true })]).backups).toMatchObject([
      {},
      {},
      { guest: { name: 'git' }, policies: ['rest'] },
    ]);
  });

  it('selects what several fallbacks share for all of them', () => {
    const rest = [policy('a', { fallback: true }), policy('b', { fallback: true })];
    expect(planOf(rest).backups[0]).toMatchObject({ policies: ['a', 'b'] });
  });
});

describe('a skip', () => {
  const prod = skip('no-prod', { select: { kind: 'pool', pool: 'prod' } });

  it('leaves its guests out of all policies, through its last day, and says why', () => {
    const plan = planOf([policy('all'), policy('rest', { fallback: true })], [prod]);
    expect(refs(plan.backups)).toEqual(['lxc/105']);
    expect(refs(plan.skipped)).toEqual(['qemu/101', 'qemu/102']);
    expect(plan.skipped[0]).toMatchObject({
      policy: 'no-prod',
      reason: 'rebuilt from git',
      owner: 'jan',
      until: '2026-11-23',
    });
    expect(plan).toMatchObject({ uncovered: [], leftAlone: [], problems: [] });
  });

  it('of guests that nobody selects keeps them from being called uncovered', () => {
    expect(refs(planOf([], [prod]).uncovered)).toEqual(['lxc/105']);
  });

  it('that has ended is a problem, and leaves nothing out', () => {
    const ended = { ...prod, until: '2026-11-22' };
    const plan = planOf([policy('web', { include: filter({ names: ['web-1'] }) })], [ended]);
    expect(plan.problems).toEqual([
      { kind: 'skip-ended', policy: 'no-prod', owner: 'jan', until: '2026-11-22' },
    ]);
    expect(refs(plan.backups)).toEqual(['qemu/101']);
    expect(refs(plan.uncovered)).toEqual(['qemu/102', 'lxc/105']);
    expect(plan.skipped).toEqual([]);
  });

  it('counts days by the clocks of its zone', () => {
    const auckland = { ...prod, timeZone: 'Pacific/Auckland', until: '2026-11-22' };
    expect(planOf([], [auckland]).problems).toHaveLength(1);
    expect(planOf([], [{ ...auckland, timeZone: 'America/New_York' }]).problems).toEqual([]);
  });

  it('against a policy that selects a guest by its number is a problem that names both', () => {
    const named = policy('named', { select: { kind: 'vmid', vmids: [vmid(101), vmid(105)] } });
    const plan = planOf([named], [prod]);
    expect(plan.problems).toMatchObject([
      { kind: 'skip-contradicts', guest: { name: 'web-1' }, policies: ['named'], skippedBy: 'no-prod' },
    ]);
    expect(refs(plan.backups)).toEqual(['lxc/105']);
  });
});

describe('two policies with different modes', () => {
  const stop = policy('stop', { backupMode: 'stop' });
  it('for one guest and repository are a problem that names both, when it is due', () => {
    const plan = planOf([policy('a', { backupMode: 'snapshot' }), stop]);
    expect(plan.backups).toEqual([]);
    expect(plan.problems[0]).toMatchObject({
      kind: 'modes-contradict',
      guest: { name: 'web-1' },
      policies: ['a', 'stop'],
      modes: ['snapshot', 'stop'],
    });
    expect(
      planOf(
        [policy('a', { backupMode: 'snapshot' }), stop],
        [],
        [web, db, git].map((one) => backup(one, HOUR)),
      ).problems,
    ).toEqual([]);
  });

  it('are none when one of them is the default', () => {
    const plan = planOf([policy('a', { defaultMode: 'snapshot' }), { ...stop, defaultMode: 'snapshot' }]);
    expect(plan.backups).toMatchObject([{ mode: 'stop' }, { mode: 'stop' }, { mode: 'stop' }]);
    expect(planOf([policy('a', { defaultMode: 'suspend' })]).backups[0]?.mode).toBe('suspend');
  });
});

describe('a status', () => {
  it('narrows as the node says it', () => {
    expect(refs(planOf([policy('p', { include: filter({ statuses: ['stopped'] }) })]).backups)).toEqual([
      'qemu/102',
    ]);
    const plan = planOf([policy('p', { exclude: filter({ statuses: ['stopped'] }) })]);
    expect(plan.leftAlone).toMatchObject([{ reason: { kind: 'excluded', by: 'status stopped' } }]);
  });
});

describe('a schedule', () => {
  const one = (cron: string, ageHours: number, entry: Partial<BackupPolicy> = {}) =>
    makePlan(
      site({ backups: [scheduled(cron, entry)] }),
      facts({ pve: inventory([web]) }, [backup(web, ageHours * HOUR)]),
    );

  it.each([
    // It is Monday, 02:00.
    ['0 2 * * *', 1, { kind: 'scheduled', ageMs: HOUR, sinceMs: 0, policy: 's' }],
    ['0 2 * * *', 0, undefined],
    ['4 2 * * *', 23, { kind: 'scheduled', sinceMs: 0 }],
    ['6 2 * * *', 23, undefined],
    ['6 2 * * *', 24, { kind: 'scheduled', sinceMs: 24 * HOUR - 6 * 60_000 }],
    ['4 2 * * *', 0, undefined],
    ['0 22 * * sun', 4, undefined],
    ['0 22 * * sun', 5, { kind: 'scheduled', sinceMs: 4 * HOUR }],
    ['0 22 * * fri', 52, undefined],
    ['0 22 * * fri', 53, { kind: 'scheduled' }],
    ['0 2 * * *', 49, { kind: 'too-old', rpoMs: 48 * HOUR, policy: 's' }],
  ])('%s makes a backup of %d h due when there is none since its last moment', (cron, age, reason) => {
    const plan = one(cron, age);
    expect(plan.backups).toMatchObject(reason === undefined ? [] : [{ reason }]);
    expect(plan.fresh).toHaveLength(reason === undefined ? 1 : 0);
  });

  it('and an rpo of two policies make a guest due when either does', () => {
    const both = (age: number) =>
      planOf([scheduled('0 4 * * *'), policy('p', { rpoMs: 6 * HOUR })], [], [backup(web, age * HOUR)])
        .backups;
    expect(both(7)[0]).toMatchObject({ reason: { kind: 'too-old', policy: 'p' }, policies: ['s', 'p'] });
    expect(both(23).filter((action) => action.guest.name === 'web-1')).toHaveLength(1);
  });

  it('is kept by runs at whatever times, once for each of its moments', () => {
    const gaps = fc.array(fc.integer({ min: 60_000, max: 20 * HOUR }), { minLength: 1, maxLength: 40 });
    const crons = fc.constantFrom('0 2 * * *', '30 */6 * * *', '0 22 * * fri');
    fc.assert(
      fc.property(gaps, crons, (waits, cron) => {
        const declared = site({ backups: [scheduled(cron)] });
        let now = NOW;
        let held = [backup(web, 0)];
        for (const wait of waits) {
          now += wait;
          const known = { ...facts({ pve: inventory([web]) }, held), now };
          const { backups } = makePlan(declared, known);
          if (backups.length > 0) held = [...held, backup(web, NOW - now)];
          expect(makePlan(declared, { ...facts({ pve: inventory([web]) }, held), now }).backups).toEqual([]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('a window', () => {
  const night = { from: 22 * 60, to: 6 * 60, timeZone: BERLIN };
  const day = { from: 8 * 60, to: 18 * 60, timeZone: BERLIN };

  it('that is open lets backups begin until it closes', () => {
    expect(planOf([policy('p', { window: night })]).backups[0]).toMatchObject({ notAfter: NOW + 4 * HOUR });
  });

  it('that is closed has what is due wait, which is no problem', () => {
    const plan = planOf([policy('p', { window: day })], [], [backup(web, 30 * HOUR), backup(git, HOUR)]);
    expect(plan).toMatchObject({ backups: [], problems: [] });
    expect(plan.waiting).toMatchObject([
      {
        guest: { name: 'web-1' },
        policies: ['p'],
        reason: { kind: 'too-old' },
        policy: 'p',
        opensAt: NOW + 6 * HOUR,
      },
      { guest: { name: 'db' }, reason: { kind: 'never-backed-up' } },
    ]);
    expect(refs(plan.fresh)).toEqual(['lxc/105']);
  });

  it('of one policy does not hold up another that is due', () => {
    const plan = planOf([policy('p', { window: day }), policy('q', { rpoMs: 200 * HOUR })]);
    expect(plan.backups[0]).toMatchObject({ policies: ['p', 'q'] });
    expect(plan.backups[0]?.notAfter).toBeUndefined();
    const fresh = planOf(
      [policy('p', { window: day }), policy('q', { rpoMs: 200 * HOUR })],
      [],
      [backup(web, 30 * HOUR)],
    );
    expect(refs(fresh.waiting)).toEqual(['qemu/101']);
  });

  it('has a problem said that would stand in the way then', () => {
    const plan = makePlan(
      site({ backups: [policy('p', { window: day })] }),
      facts({ pve: inventory([{ ...web, lock: 'backup' }]) }),
    );
    expect(plan.waiting).toEqual([]);
    expect(plan.problems).toMatchObject([{ kind: 'guest-locked' }]);
  });

  it.each([
    ['22:00 to 06:00', night, 15, 16],
    ['22:00 to 06:00', night, 16, undefined],
    ['08:00 to 18:00', day, 12, 14],
    ['all day', { ...day, from: 0, to: 24 * 60 }, 1, undefined],
  ])('from %s with an rpo that it cannot keep is worth a note', (_, window, rpo, closed) => {
    const backups = [policy('p', { window, rpoMs: rpo * HOUR })];
    const { notes } = makePlan(site({ backups, cadenceMs: HOUR }), facts({ pve: inventory([]) }));
    expect(notes).toEqual(
      closed === undefined
        ? []
        : [{ kind: 'rpo-below-window', policy: 'p', rpoMs: rpo * HOUR, closedMs: closed * HOUR }],
    );
  });

  it('is waited for by the restore of a first backup', () => {
    const plan = makePlan(
      site({ hosts: [host('pve')], backups: [policy('p', { window: day })], restores: [intent('r')] }),
      facts({ pve: here }),
    );
    expect(plan.restoresAtRest).toMatchObject([{ kind: 'blocked-by-backup', backup: { state: 'waiting' } }]);
  });
});
