import { describe, expect, it } from 'vitest';
import type { Facts, GuestSnapshot, RepositoryFacts } from '../../../src/plan/facts.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import type { Inventory } from '../../../src/pve/inventory.ts';
import {
  backup,
  facts,
  guest,
  HOUR,
  host,
  intent,
  inventory,
  line,
  NOW,
  node,
  policy,
  refs,
  site,
} from '../sample-site.ts';

const DAY = 24 * HOUR;
const web = guest('qemu/101', { name: 'web' });
const old = guest('qemu/109');
const all = policy('all', { retention: { last: 2 } });
const keeping = (days: number | undefined, entries: Parameters<typeof site>[0] = {}) =>
  site({ backups: [all], ...(days !== undefined && { orphans: { keepMs: days * DAY } }), ...entries });
/** One each day, the newest so many days old. */
const daily = (of: typeof old, newestDays: number, entry: Partial<GuestSnapshot> = {}, count = 4) =>
  Array.from({ length: count }, (_, day) => backup(of, (newestDays + day) * DAY, entry));
const fresh = [backup(web, HOUR)];

function planOf(
  days: number | undefined,
  snapshots: readonly GuestSnapshot[],
  found: Inventory | string = inventory([web]),
) {
  return makePlan(keeping(days), facts({ pve: found }, [...fresh, ...snapshots]));
}

/** The facts with marks on snapshots of the repository. */
function marked(known: Facts, marks: Partial<RepositoryFacts>): Facts {
  const repositories = [...known.repositories].map(([name, held]) => [name, { ...held, ...marks }] as const);
  return { ...known, repositories: new Map(repositories) };
}

describe('a guest that is gone', () => {
  it('is listed, and keeps all its snapshots for ever unless the site says otherwise', () => {
    const plan = planOf(undefined, daily(old, 900));
    expect(plan.forgets).toEqual([]);
    expect(plan.orphans).toEqual([
      {
        repository: 'main',
        host: 'pve',
        guest: { ref: old.ref },
        line: old.identity.line,
        snapshots: 4,
        newestAt: NOW - 900 * DAY,
        why: { kind: 'gone' },
      },
    ]);
  });

  it.each([
    ['keeps all of them until its time is over, whatever a policy kept before', 89, 0],
    ['to the millisecond', 90, 0],
    ['and loses all of them then, the last good one as well', 91, 4],
  ])('%s', (_, age, going) => {
    const plan = planOf(90, daily(old, age));
    expect(plan.orphans).toMatchObject([{ keptUntil: NOW + (90 - age) * DAY }]);
    expect(plan.forgets.flatMap(({ forget }) => forget)).toHaveLength(going);
    if (going > 0)
      expect(plan.forgets).toMatchObject([
        {
          keep: [],
          policies: [],
          orphan: { line: old.identity.line, why: { kind: 'gone' }, newestAt: NOW - age * DAY },
        },
      ]);
  });

  it('keeps what is pinned, and that is no reason to do it again', () => {
    const snapshots = daily(old, 91);
    const pinned = new Set([snapshots[1]?.id ?? '']);
    const plan = makePlan(
      keeping(90),
      marked(facts({ pve: inventory([web]) }, [...fresh, ...snapshots]), { pinned }),
    );
    expect(plan.forgets[0]?.forget).toHaveLength(3);
    expect(plan.forgets[0]?.keep).toEqual([{ snapshot: snapshots[1], by: [{ kind: 'pinned' }] }]);
    const left = facts({ pve: inventory([web]) }, [...fresh, ...snapshots.slice(1, 2)]);
    expect(makePlan(keeping(90), marked(left, { pinned })).forgets).toEqual([]);
  });

  it('is an orphan no more once it is there again, on any node, of any policy or none', () => {
    for (const backups of [[all], []]) {
      const back = inventory([web, { ...old, node: node('pve2') }]);
      const plan = makePlan(keeping(1, { backups }), facts({ pve: back }, [...fresh, ...daily(old, 900)]));
      expect(plan).toMatchObject({
        orphans: [],
        forgets: backups.length === 0 ? [] : [{ policies: ['all'] }],
      });
    }
  });
});

describe('a machine that was not seen is kept', () => {
  const elsewhere = { clusterFingerprint: 'bb'.repeat(32) };
  it('while its host could not be asked', () => {
    expect(planOf(90, daily(old, 900), 'no route')).toMatchObject({ orphans: [], forgets: [], held: [] });
  });

  it('while a node of its host is off', () => {
    const half = inventory([web], {
      nodes: [
        { name: node('pve'), online: true },
        { name: node('pve2'), online: false },
      ],
    });
    const plan = planOf(90, daily(old, 900), half);
    expect(plan.forgets).toEqual([]);
    expect(plan.orphans).toMatchObject([{ why: { kind: 'unsure', offline: ['pve2'] } }]);
    expect(plan.orphans[0]?.keptUntil).toBeUndefined();
  });

  it('while any host that made backups of it could not be asked', () => {
    const hosts = [host('pve'), host('ber')];
    const snapshots = [...daily(old, 900), ...daily(old, 905, { hostId: 'ber' })];
    const known = (ber: Inventory | string) =>
      facts({ pve: inventory([web]), ber }, [...fresh, ...snapshots]);
    expect(makePlan(keeping(90, { hosts }), known('no route'))).toMatchObject({ orphans: [], forgets: [] });
    expect(makePlan(keeping(90, { hosts }), known(inventory([], elsewhere)))).toMatchObject({
      orphans: [{ host: 'pve', snapshots: 8 }],
      forgets: [{}],
    });
  });

  it('where no host of the site made it, or it tells no line', () => {
    const foreign = daily(old, 900, { hostId: 'other-site' });
    const lineless = daily(old, 900, { line: undefined });
    expect(planOf(90, [...foreign, ...lineless])).toMatchObject({ orphans: [], forgets: [] });
  });

  it('where a silent host of a policy that kept it may want it', () => {
    const hosts = [host('pve'), host('ber')];
    const backups = [all, policy('berlin', { hosts: ['ber'] })];
    const known = facts({ pve: inventory([web]), ber: 'no route' }, [
      ...fresh,
      ...daily(old, 900, { policies: ['berlin'] }),
    ]);
    expect(makePlan(keeping(90, { hosts, backups }), known)).toMatchObject({
      forgets: [],
      held: [{ reason: { kind: 'policies-unasked' } }],
    });
  });

  it('while a snapshot claims a time after now, and the plan is incomplete', () => {
    const plan = planOf(90, [...daily(old, 900), backup(old, -DAY, { hostId: 'other' })]);
    expect(plan.forgets).toEqual([]);
    expect(plan.problems).toMatchObject([{ kind: 'forget-clock-behind' }]);
  });
});

describe('a guest that is gone and to be restored', () => {
  const lost = { fromHostId: 'pve', guest: old.ref };
  it.each([
    [
      'keeps all it has while a restore names it, also one for later',
      intent('back', { ...lost, manual: true }),
    ],
    ['keeps all it has while the run restores it', intent('back', lost)],
  ])('%s', (_, restore) => {
    const known = facts({ pve: inventory([web]) }, [...fresh, ...daily(old, 900)]);
    const plan = makePlan(keeping(90, { restores: [restore] }), known);
    expect(plan.forgets).toEqual([]);
    expect(plan.orphans).toMatchObject([{ wantedBy: 'back' }]);
    expect(plan.orphans[0]?.keptUntil).toBeUndefined();
    const other = makePlan(keeping(90, { restores: [intent('web')] }), known);
    expect(other.forgets).toHaveLength(1);
  });
});

describe('a vmid that was used again', () => {
  const former = { line: line('f0') };

  it('leaves the line of the former machine an orphan, which is judged by itself', () => {
    const plan = planOf(90, daily(web, 91, former));
    expect(plan.orphans).toMatchObject([
      { line: former.line, why: { kind: 'vmid-reused', by: { name: 'web', node: 'pve' } } },
    ]);
    expect(plan.forgets).toMatchObject([
      { forget: [{}, {}, {}, {}], orphan: { why: { kind: 'vmid-reused' } } },
    ]);
  });

  it('has one action for each of its machines', () => {
    const plan = planOf(90, [
      ...daily(web, 91, former),
      ...daily(web, 95, { line: line('f1') }),
      ...daily(web, 1),
    ]);
    expect(refs(plan.forgets)).toEqual(['qemu/101', 'qemu/101', 'qemu/101']);
    expect(plan.forgets.map(({ orphan }) => orphan?.line)).toEqual([undefined, line('f1'), former.line]);
  });

  it('is told while a node is off: a vmid belongs to one guest of a cluster', () => {
    const nodes = [
      { name: node('pve'), online: true },
      { name: node('pve2'), online: false },
    ];
    const plan = planOf(90, daily(web, 91, former), inventory([web], { nodes }));
    expect(plan.orphans).toMatchObject([{ why: { kind: 'vmid-reused' } }]);
  });

  it('by a guest that nothing tells from others may be no reuse: all is kept', () => {
    const nameless = { ...web, identity: { line: line('0e'), machine: { kind: 'none' } } } as const;
    const plan = planOf(90, daily(web, 91), inventory([nameless]));
    expect(plan.orphans).toMatchObject([{ why: { kind: 'unidentified', by: { name: 'web' } } }]);
    expect(plan.orphans[0]?.keptUntil).toBeUndefined();
    expect(plan.forgets).toEqual([]);
  });

  it('is no matter on another host', () => {
    const hosts = [host('pve'), host('ber')];
    const ber = inventory([guest('qemu/109', { identity: { ...old.identity, line: line('be') } })], {
      clusterFingerprint: 'bb'.repeat(32),
    });
    const known = facts({ pve: inventory([web]), ber }, [...fresh, ...daily(old, 91)]);
    expect(makePlan(keeping(undefined, { hosts }), known).orphans).toMatchObject([{ why: { kind: 'gone' } }]);
  });
});

describe('the brakes', () => {
  const guards = { forgetMax: { share: 0.5, atLeast: 0 } };

  it.each([
    ['count all snapshots of an orphan, as no backup comes for one of them', [], 0],
    ['let go what is allowed by name', ['qemu/109'], 1],
    ['and nothing else', ['qemu/101'], 0],
  ])('%s', (_, released, going) => {
    const known = facts({ pve: inventory([web]) }, [...fresh, ...daily(old, 91)]);
    const plan = makePlan(keeping(90, { guards }), known, { released });
    expect(plan.forgets).toHaveLength(going);
    if (going === 0) expect(plan.held).toMatchObject([{ reason: { kind: 'forget-max', going: 4, of: 5 } }]);
  });

  it('hold an orphan that was perhaps encrypted from within, until somebody has looked', () => {
    const GIB = 2 ** 30;
    const snapshots = [50, 1, 1, 1, 60].map((gib, index) =>
      backup(old, (100 - index) * DAY, {
        history: { durationMs: 1, readBytes: 64 * GIB, newBytes: gib * GIB },
      }),
    );
    const known = facts({ pve: inventory([web]) }, [...fresh, ...snapshots]);
    const plan = makePlan(keeping(90), known, { released: ['all'] });
    expect(plan).toMatchObject({
      forgets: [],
      held: [{ reason: { kind: 'suspicious' } }],
      suspicious: [{ guest: { ref: old.ref } }],
    });
    const looked = marked(known, { acknowledged: new Set([snapshots[4]?.id ?? '']) });
    expect(makePlan(keeping(90), looked).forgets).toHaveLength(1);
    expect(makePlan(keeping(undefined), known).suspicious).toEqual([]);
  });
});
