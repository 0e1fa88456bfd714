import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exitStatusOfPlan, exitStatusOfRun } from '../../../src/cli/exit-status.ts';
import { planProblemText } from '../../../src/cli/view/plan-problem-text.ts';
import type { BackupPolicy, Retention } from '../../../src/config/site.ts';
import type { Facts, GuestSnapshot } from '../../../src/plan/facts.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import {
  afterBackups,
  backup,
  facts,
  guest,
  HOUR,
  intent,
  inventory,
  line,
  NOW,
  policy,
  site,
  snapshotId,
} from '../sample-site.ts';

const DAY = 24 * HOUR;
const web = guest('qemu/101', { name: 'web-1' });
const gold = (retention: Retention, entry: Partial<BackupPolicy> = {}) =>
  policy('gold', { retention, ...entry });
const nightly = (count: number, of = web, from = 0) =>
  Array.from({ length: count }, (_, night) => backup(of, (from + night) * DAY + HOUR));

function planOf(
  policies: readonly BackupPolicy[],
  snapshots: readonly GuestSnapshot[],
  guests = [web],
): Plan {
  return makePlan(site({ backups: policies }), facts({ pve: inventory(guests) }, snapshots));
}

/** Days old. */
function forgotten({ forgets }: Plan): readonly number[] {
  return forgets.flatMap(({ forget }) => forget.map(({ time }) => Math.round((NOW - time) / DAY)));
}

describe('what a plan forgets', () => {
  it('is what no policy wants any longer, oldest first', () => {
    const plan = planOf([gold({ last: 3 })], nightly(5));
    expect(forgotten(plan)).toEqual([4, 3]);
    expect(plan.forgets[0]).toMatchObject({ policies: ['gold'], afterBackup: false });
    expect(plan.forgets[0]?.keep).toHaveLength(3);
  });

  it('counts on the backup of the same plan, and says so', () => {
    const plan = planOf([gold({ last: 3 })], nightly(3, web, 1));
    expect(plan.backups).toHaveLength(1);
    expect(forgotten(plan)).toEqual([3]);
    expect(plan.forgets[0]).toMatchObject({ afterBackup: true });
  });

  it('is nothing where no retention is given', () => {
    expect(planOf([policy('gold')], nightly(50)).forgets).toEqual([]);
  });

  it('is nothing of a line that no policy selects, or of another machine with the vmid', () => {
    const other = nightly(9).map((one) => ({ ...one, line: line('f00') }));
    expect(forgotten(planOf([gold({ last: 2 })], [...other, ...nightly(2)]))).toEqual([]);
    const gone = guest('qemu/999');
    expect(forgotten(planOf([gold({ last: 2 })], nightly(9, gone)))).toEqual([]);
  });

  it('is nothing that the same run restores: that may fail', () => {
    const snapshots = nightly(5);
    const restores = [intent('back', { snapshot: snapshots[4]?.id ?? '' })];
    const plan = makePlan(
      site({ backups: [gold({ last: 2 })], restores }),
      facts({ pve: inventory([web]) }, snapshots),
    );
    expect(plan.restores).toHaveLength(1);
    expect(forgotten(plan)).toEqual([3, 2]);
    expect(plan.forgets[0]?.keep[0]?.by).toEqual([{ kind: 'restored-now' }]);
  });

  it('is nothing in a repository that the policy does not keep the guest in', () => {
    const repositories = { main: nightly(3), off: nightly(9) };
    const plan = makePlan(
      site({ backups: [gold({ last: 2 })] }),
      facts({ pve: inventory([web]) }, repositories),
    );
    expect(plan.forgets.map(({ repository }) => repository)).toEqual(['main']);
  });

  it('is nothing at all while a snapshot claims a time after now, and the plan is incomplete', () => {
    const ahead = backup(guest('qemu/500'), -DAY);
    const plan = planOf([gold({ last: 2 })], [...nightly(5), ahead]);
    expect(plan.forgets).toEqual([]);
    expect(plan.problems).toEqual([{ kind: 'forget-clock-behind', repository: 'main', aheadMs: DAY }]);
    expect(planOf([policy('gold')], [...nightly(5), ahead]).problems).toEqual([]);
  });
});

describe('where files of the repository cannot be read', () => {
  const unread = ['snapshots/4f1c: the MAC is wrong'];
  const held = facts({ pve: inventory([web]) }, nightly(9));
  const repositories = new Map(
    [...held.repositories].map(([name, one]) => [name, { ...one, unread }] as const),
  );

  it('nothing is forgotten, as a pin may be among them, and the plan says so', () => {
    const plan = makePlan(site({ backups: [gold({ last: 2 })] }), { ...held, repositories });
    expect(plan.forgets).toEqual([]);
    expect(plan.problems).toEqual([{ kind: 'repository-unread', repository: 'main', unread }]);
    expect(exitStatusOfPlan(plan, { detailed: true })).toBe(7);
    expect(exitStatusOfRun(plan, [], false)).toBe(7);
    expect(plan.problems.map((problem) => planProblemText(problem, { verbose: false }))).toEqual([
      'nothing is forgotten in main: snapshots/4f1c: the MAC is wrong; put it back from a copy, or remove it once it is given up (`pvebak verify` says what it touches)',
    ]);
  });

  it('guests are backed up as ever', () => {
    const plan = makePlan(site({ backups: [policy('gold')] }), { ...held, now: NOW + 2 * DAY, repositories });
    expect(plan.backups.map(({ guest: { ref } }) => ref)).toEqual([web.ref]);
  });
});

describe('of any history and any retention', () => {
  const count = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
  const retention = fc
    .record({ last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count })
    .map(
      (rules): Retention => Object.fromEntries(Object.entries(rules).filter(([, one]) => one !== undefined)),
    );
  const history = fc
    .array(fc.integer({ min: 0, max: 500 * 24 }), { maxLength: 40 })
    .map((hours) =>
      [...new Set(hours)].map((age, index) => backup(web, age * HOUR, { id: snapshotId(`b${index}`) })),
    );

  const forgetAll = (before: Facts, plan: Plan): Facts => {
    const gone = new Set(plan.forgets.flatMap(({ forget }) => forget.map(({ id }) => id)));
    const repositories = new Map(
      [...before.repositories].map(([name, held]) => [
        name,
        { ...held, snapshots: held.snapshots.filter(({ id }) => !gone.has(id)) },
      ]),
    );
    return { ...before, repositories };
  };

  it('a plan that was carried out leaves nothing to plan', () => {
    fc.assert(
      fc.property(retention, history, (rules, snapshots) => {
        const declared = site({ backups: [gold(rules)] });
        const before = facts({ pve: inventory([web]) }, snapshots);
        const plan = makePlan(declared, before);
        const again = makePlan(declared, afterBackups(forgetAll(before, plan), plan));
        expect({ backups: again.backups, forgets: again.forgets }).toEqual({ backups: [], forgets: [] });
      }),
      { numRuns: 300 },
    );
  });

  it('the newest backup stays unless a newer one is made before, and a pinned one always does', () => {
    fc.assert(
      fc.property(retention, history, fc.nat(39), (rules, snapshots, pick) => {
        const pinned = snapshots[pick];
        const all = facts({ pve: inventory([web]) }, snapshots);
        const repositories = new Map(
          [...all.repositories].map(([name, held]) => [
            name,
            { ...held, pinned: new Set(pinned === undefined ? [] : [pinned.id]) },
          ]),
        );
        const plan = makePlan(site({ backups: [gold(rules)] }), { ...all, repositories });
        const gone = plan.forgets.flatMap(({ forget }) => forget);
        const newest = snapshots.toSorted((a, b) => b.time - a.time)[0];
        if (newest !== undefined && gone.includes(newest))
          expect(plan).toMatchObject({ backups: [{}], forgets: [{ afterBackup: true }] });
        if (pinned !== undefined) expect(gone).not.toContain(pinned);
      }),
      { numRuns: 300 },
    );
  });

  it('a larger keep forgets no more', () => {
    fc.assert(
      fc.property(retention, history, fc.integer({ min: 1, max: 9 }), (rules, snapshots, more) => {
        const larger = Object.fromEntries(Object.entries(rules).map(([rule, one]) => [rule, one + more]));
        const few = new Set(forgotten(planOf([gold(rules)], snapshots)));
        const gone = forgotten(planOf([gold(larger)], snapshots));
        if (Object.keys(rules).length > 0) expect(gone.filter((one) => !few.has(one))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
