import { describe, expect, it } from 'vitest';
import type { BackupPolicy, Retention } from '../../../src/config/site.ts';
import { declarePolicies } from '../../../src/plan/declare-policies.ts';
import type { DeclaredRetention, Facts } from '../../../src/plan/facts.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import { backup, facts, guest, HOUR, inventory, NOW, policy, site } from '../sample-site.ts';

const DAY = 24 * HOUR;
const web = guest('qemu/101');
const guards = { forgetMax: { share: 1, atLeast: 0 }, policyChangeGraceMs: 14 * DAY };
const gold = (retention?: Retention) => policy('gold', retention === undefined ? {} : { retention });
const declared = (daysAgo: number, retention?: Retention): DeclaredRetention => ({
  since: NOW - daysAgo * DAY,
  ...(retention !== undefined && { retention }),
});

/** Nightly backups, the newest an hour old; those at least so many nights old bear the name of another policy. */
function nightly(count: number, { leftAfter = count, name = 'gold', former = 'silver' } = {}) {
  return Array.from({ length: count }, (_, night) =>
    backup(web, night * DAY + HOUR, { policies: [night >= leftAfter ? former : name] }),
  );
}

function known(
  snapshots: ReturnType<typeof nightly>,
  retentions: Readonly<Record<string, readonly DeclaredRetention[]>> = {},
): Facts {
  const before = facts({ pve: inventory([web]) }, snapshots);
  const repositories = [...before.repositories].map(
    ([name, held]) => [name, { ...held, retentions: new Map(Object.entries(retentions)) }] as const,
  );
  return { ...before, repositories: new Map(repositories) };
}

const planOf = (
  backups: readonly BackupPolicy[],
  world: Facts,
  { released = [] as readonly string[], grace = true } = {},
) => makePlan(site({ backups, ...(grace && { guards }) }), world, { released });

const ages = (snapshots: readonly { readonly time: number }[]) =>
  snapshots.map(({ time }) => Math.floor((NOW - time) / DAY));
const held = (plan: ReturnType<typeof planOf>) =>
  plan.held.map(({ forget, reason }) => ({ ...reason, days: ages(forget) }));
const going = (plan: ReturnType<typeof planOf>) => plan.forgets.flatMap(({ forget }) => ages(forget));

describe('a retention that became shorter', () => {
  const change = (until: number) => ({
    policy: 'gold',
    change: 'retention',
    at: NOW + (until - 14) * DAY,
    until: NOW + until * DAY,
  });

  it.each<[string, readonly DeclaredRetention[], readonly number[], readonly object[]]>([
    ['as it is now holds nothing', [declared(50, { last: 2 })], [4, 3, 2], []],
    ['just now holds what it wanted', [declared(50, { last: 4 })], [4], [change(14)]],
    ['ten days ago, too', [declared(50, { last: 4 }), declared(10, { last: 2 })], [4], [change(4)]],
    ['fifteen days ago does not', [declared(50, { last: 4 }), declared(15, { last: 2 })], [4, 3, 2], []],
    [
      'twice counts twice',
      [declared(50), declared(9, { last: 3 }), declared(5, { last: 2 })],
      [],
      [change(5), change(9)],
    ],
    ['and of which nothing is known holds nothing', [], [4, 3, 2], []],
  ])('%s', (_, gold_, goes, changes) => {
    const plan = planOf([gold({ last: 2 })], known(nightly(5), { gold: gold_ }));
    expect(going(plan)).toEqual(goes);
    const days = [4, 3, 2].filter((night) => !goes.includes(night));
    expect(held(plan)).toEqual(days.length === 0 ? [] : [{ kind: 'policy-change', days, changes }]);
  });

  it('says why what is held stays when others go', () => {
    const plan = planOf([gold({ last: 2 })], known(nightly(5), { gold: [declared(50, { last: 4 })] }));
    expect(ages(plan.forgets[0]?.keep.map(({ snapshot }) => snapshot) ?? [])).toEqual([3, 2, 1, 0]);
    expect(plan.forgets[0]?.keep[0]?.by).toEqual([
      { kind: 'policy-change', policy: 'gold', until: NOW + 14 * DAY },
    ]);
  });

  it.each([['qemu/101'], ['all']])('is released by name: %s', (name) => {
    const world = known(nightly(5), { gold: [declared(50, { last: 4 })] });
    const plan = planOf([gold({ last: 2 })], world, { released: [name] });
    expect(going(plan)).toEqual([4, 3, 2]);
    expect(plan.held).toEqual([]);
  });

  it('is no matter where the site gives changes no grace', () => {
    const world = known(nightly(5), { gold: [declared(50, { last: 4 })] });
    expect(going(planOf([gold({ last: 2 })], world, { grace: false }))).toEqual([4, 3, 2]);
  });

  it('holds nothing that the shorter one wants as well', () => {
    const world = known(nightly(2), { gold: [declared(50, { last: 4 })] });
    expect(planOf([gold({ last: 2 })], world)).toMatchObject({ forgets: [], held: [] });
  });
});

describe('a policy that a guest has left', () => {
  const ended = (until: number, change = 'left') => ({
    policy: 'silver',
    change,
    at: Math.round(NOW + (until - 14) * DAY),
    until: Math.round(NOW + until * DAY),
  });

  it.each<[string, number, readonly DeclaredRetention[], readonly number[], readonly object[]]>([
    ['just now: all that bears its name, where no more is known', 0, [], [], [ended(14)]],
    ['three backups ago: what bears its name', 3, [], [2], [ended(14 - 2 - 1 / 24)]],
    ['where it is known what it wanted, that', 0, [declared(90, { last: 4 })], [4], [ended(14)]],
    ['as it was then', 0, [declared(90, { last: 4 }), declared(-1, { last: 9 })], [4], [ended(14)]],
    [
      'and what it had wanted before that',
      0,
      [declared(90, { last: 5 }), declared(3, { last: 3 })],
      [],
      [ended(11, 'retention'), ended(14)],
    ],
  ])('%s', (_, leftAfter, silver, goes, changes) => {
    const plan = planOf([gold({ last: 2 })], known(nightly(5, { leftAfter }), { silver }));
    expect(going(plan)).toEqual(goes);
    const days = [4, 3, 2].filter((night) => !goes.includes(night));
    expect(held(plan)).toEqual([{ kind: 'policy-change', days, changes }]);
  });

  it('long ago wants nothing any more', () => {
    const plan = planOf([gold({ last: 2 })], known(nightly(20, { leftAfter: 16 })));
    expect(plan.held).toEqual([]);
    expect(going(plan)).toHaveLength(18);
  });

  it('may have had the same retention under another name', () => {
    const world = known(nightly(5, { leftAfter: 0 }), { silver: [declared(90, { last: 2 })] });
    expect(planOf([gold({ last: 2 })], world).held).toEqual([]);
  });
});

describe('what a repository learns of policies', () => {
  it.each<[string, readonly BackupPolicy[], Readonly<Record<string, readonly DeclaredRetention[]>>, boolean]>(
    [
      ['all of them at first', [gold({ last: 2 })], {}, true],
      ['nothing that it knows', [gold({ last: 2 })], { gold: [declared(3, { last: 2 })] }, false],
      ['that one keeps other things', [gold({ last: 2 })], { gold: [declared(3, { last: 3 })] }, true],
      ['that one keeps everything', [gold()], { gold: [declared(3, { last: 3 })] }, true],
      ['nothing of one that keeps everything as before', [gold()], { gold: [declared(3)] }, false],
      ['that there is one more', [gold(), policy('new')], { gold: [declared(3)] }, true],
      ['nothing of one that is gone', [gold()], { gold: [declared(3)], old: [declared(3)] }, false],
    ],
  )('%s', (_, backups, retentions, learns) => {
    const found = declarePolicies(site({ backups, guards }), known([], retentions));
    const policies = backups.map(({ name, retention }) => ({ name, ...(retention && { retention }) }));
    expect(found).toEqual(learns ? [{ repository: 'main', policies }] : []);
  });

  it('is nothing where changes have no grace', () => {
    expect(declarePolicies(site({ backups: [gold()] }), known([]))).toEqual([]);
  });
});
