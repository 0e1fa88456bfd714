import { describe, expect, it } from 'vitest';
import type { RestoreGroup, Site } from '../../src/config/site.ts';
import type { Facts, GuestSnapshot } from '../../src/plan/facts.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { narrowPlan } from '../../src/plan/narrow-plan.ts';
import { wantedSnapshots } from '../../src/plan/wanted-snapshots.ts';
import type { GuestContents } from '../../src/pve/guest-contents.ts';
import type { Inventory } from '../../src/pve/inventory.ts';
import {
  backup,
  facts,
  guest,
  HOUR,
  host,
  intent,
  inventory,
  NOW,
  node,
  policy,
  ref,
  site,
  snapshotId,
  vmid,
} from './sample-site.ts';

const web = backup(guest('qemu/101'), 2 * HOUR, { id: snapshotId('a1') });
const olderWeb = backup(guest('qemu/101'), 50 * HOUR, { id: snapshotId('a0') });
const db = backup(guest('lxc/105'), 3 * HOUR, { id: snapshotId('d1') });
const gone = backup(guest('qemu/110'), 900 * HOUR, { id: snapshotId('e1') });
const reused = backup(guest('lxc/101'), 800 * HOUR, { id: snapshotId('f1') });
const foreign = backup(guest('qemu/120'), HOUR, { id: snapshotId('b1'), hostId: 'other' });
const held = [olderWeb, web, db, gone, reused, foreign];

const said = (entry: Partial<GuestContents>): GuestContents => ({
  tags: [],
  volumes: [],
  bridges: [],
  ...entry,
});
const contents = new Map<string, GuestContents>([
  [olderWeb.id, said({ node: 'fra1', pool: 'test' })],
  [web.id, said({ name: 'web', node: 'fra1', pool: 'prod', tags: ['gold', 'web'], startOrder: 2 })],
  [db.id, said({ name: 'db', node: 'fra2', pool: 'prod/db', tags: ['gold'], startOrder: 1 })],
  [gone.id, said({ node: 'fra1', pool: 'prod' })],
]);

function group(entry: Partial<RestoreGroup> = {}): RestoreGroup {
  return {
    name: 'dr',
    repository: 'main',
    select: { fromHostId: 'pve', tags: [] },
    to: { host: 'lab', vmidOffset: 1000, unique: false, start: false },
    onExisting: 'fail',
    manual: false,
    ...entry,
  };
}

const select = (entry: Partial<RestoreGroup['select']>) => ({
  select: { fromHostId: 'pve', tags: [], ...entry },
});

interface Given {
  readonly restores?: Site['restores'];
  readonly snapshots?: readonly GuestSnapshot[];
  readonly contents?: ReadonlyMap<string, GuestContents>;
  /** Of the source, which is silent otherwise. */
  readonly pve?: Inventory;
  readonly lab?: Inventory | string;
  readonly named?: readonly string[];
  readonly backups?: Site['backups'];
}

const LAB = inventory([], {
  clusterFingerprint: 'bb'.repeat(32),
  localNode: node('lab1'),
  nodes: [{ name: node('lab1'), online: true }],
});

function factsOf(given: Given): Facts {
  const known = facts({ pve: given.pve ?? 'no route', lab: given.lab ?? LAB }, given.snapshots ?? held);
  const repositories = [...known.repositories].map(
    ([name, one]) => [name, { ...one, contents: given.contents ?? contents }] as const,
  );
  return { ...known, repositories: new Map(repositories) };
}

function declaredBy({ restores = [group()], backups = [] }: Given): Site {
  return site({ hosts: [host('pve'), host('lab')], restores, backups });
}

function planOf(given: Given) {
  return makePlan(declaredBy(given), factsOf(given), { restoreNames: given.named ?? [] });
}

function names(given: Given): string {
  return planOf(given)
    .restores.map(({ intent: name }) => name.slice('dr/'.length))
    .join(' ');
}

describe('a restore with select', () => {
  it.each<[string, Partial<RestoreGroup>, string]>([
    [
      'takes the newest of each vmid of the host, although the host is silent',
      {},
      'qemu/101 lxc/105 qemu/110',
    ],
    ['takes a pool, without those below it', select({ pool: 'prod' }), 'qemu/101 qemu/110'],
    ['takes a pool below another one', select({ pool: 'prod/db' }), 'lxc/105'],
    ['takes what has any of the tags', select({ tags: ['web', 'db'] }), 'qemu/101'],
    ['takes what was on a node', select({ node: 'fra2' }), 'lxc/105'],
    ['takes what all of it fits', select({ node: 'fra1', tags: ['gold'], pool: 'prod' }), 'qemu/101'],
    ['leaves out what is gone for long', select({ withinMs: 48 * HOUR }), 'qemu/101 lxc/105'],
    [
      'goes by what was so before a moment',
      { before: NOW - 20 * HOUR, ...select({ pool: 'test' }) },
      'qemu/101',
    ],
  ])('%s', (_, entry, taken) => {
    expect(names({ restores: [group(entry)] })).toBe(taken);
  });

  it('restores each to its vmid and the offset, and says why', () => {
    const map = { storage: new Map([['ceph', 'thin']]), bridge: new Map<string, string>() };
    const restores = [
      group({ ...select({ pool: 'prod', tags: ['gold', 'x'] }), order: { kind: 'rank', rank: 4 }, map }),
    ];
    const lab = inventory([], {
      ...LAB,
      storages: [
        {
          node: node('lab1'),
          storage: 'thin',
          available: true,
          shared: false,
          content: ['images'],
          totalBytes: 0,
          usedBytes: 0,
        },
      ],
    });
    expect(planOf({ restores, lab }).restores).toMatchObject([
      {
        intent: 'dr/qemu/101',
        name: 'web',
        snapshot: { id: web.id },
        to: { host: 'lab', node: 'lab1', vmid: 1101, map },
        order: 4,
        member: { of: 'dr', by: { host: 'pve', pool: 'prod', tags: ['gold'] } },
        reason: { kind: 'target-missing' },
      },
    ]);
  });

  it.each<[string, RestoreGroup['order'], string]>([
    ['by vmid', undefined, 'qemu/101 lxc/105 qemu/110'],
    [
      'the named ones first',
      { kind: 'guests', guests: [ref('qemu/110'), ref('lxc/105')] },
      'qemu/110 lxc/105 qemu/101',
    ],
    ['as their node would start them', { kind: 'startup' }, 'lxc/105 qemu/101 qemu/110'],
  ])('orders them %s', (_, order, taken) => {
    expect(names({ restores: [group({ ...(order && { order }) })] })).toBe(taken);
  });

  it('says which guests of its order it does not select', () => {
    const order = { kind: 'guests', guests: [ref('qemu/999'), ref('lxc/105')] } as const;
    expect(planOf({ restores: [group({ order })] }).notes).toEqual([
      { kind: 'restore-order-absent', intent: 'dr', refs: [ref('qemu/999')] },
    ]);
  });

  it.each<[string, Given, object]>([
    [
      'selects nothing',
      { restores: [group(select({ pool: 'none' }))] },
      { kind: 'restore-selects-none', from: 'pve' },
    ],
    [
      'cannot tell whether it selects a guest',
      { restores: [group(select({ pool: 'prod' }))], contents: new Map([...contents].slice(0, 2)) },
      { kind: 'restore-guests-unknown', refs: [ref('lxc/105'), ref('qemu/110')] },
    ],
    [
      'has no host to go to, once for all',
      { lab: 'no route' },
      { kind: 'restore-host-unreachable', intent: 'dr' },
    ],
  ])('is a problem when it %s', (_, given, problem) => {
    const found = planOf(given).problems.filter((one) => one.kind !== 'host-unreachable');
    expect(found).toMatchObject([{ intent: 'dr', ...problem }]);
  });

  it('is a problem for a guest whose vmid would be none', () => {
    const restores = [group({ to: { ...group().to, vmidOffset: -5 } })];
    const plan = planOf({ restores });
    expect(plan.problems.slice(1)).toEqual([
      { kind: 'restore-vmid-impossible', intent: 'dr/qemu/101', vmid: 96 },
    ]);
    expect(plan.restores).toMatchObject([{ to: { vmid: 100 } }, { to: { vmid: 105 } }]);
  });

  it('is a problem for a guest whose vmid another restore takes', () => {
    const restores = [
      intent('one', { guest: ref('lxc/105'), to: { ...intent('x').to, host: 'lab', vmid: vmid(1101) } }),
      group(),
    ];
    expect(planOf({ restores }).problems.slice(1)).toMatchObject([
      { kind: 'restore-target-claimed', intent: 'dr/qemu/101', by: 'one' },
    ]);
  });

  it('rests for guests that are there', () => {
    const plan = planOf({ lab: { ...LAB, guests: [guest('qemu/1101'), guest('lxc/1110')] } });
    expect(plan.restoresAtRest).toMatchObject([{ intent: 'dr/qemu/101', kind: 'target-exists' }]);
    expect(plan.restores).toMatchObject([{ intent: 'dr/lxc/105' }]);
    expect(plan.problems.slice(1)).toMatchObject([
      { kind: 'restore-target-other-type', intent: 'dr/qemu/110' },
    ]);
  });

  it('waits for the first backups of guests that it would select', () => {
    const fresh = guest('qemu/130', { name: 'new', pool: 'prod' });
    const plan = planOf({
      restores: [group(select({ pool: 'prod' }))],
      snapshots: [],
      pve: inventory([fresh, guest('qemu/131')], { pools: ['prod'] }),
      backups: [policy('all')],
    });
    expect(plan).toMatchObject({ restores: [], problems: [] });
    expect(plan.restoresAtRest).toMatchObject([
      {
        intent: 'dr/qemu/130',
        kind: 'blocked-by-backup',
        backup: { state: 'planned', guest: { name: 'new' } },
      },
    ]);
  });

  it('copies no copy of its own on the same host', () => {
    const restores = [group({ to: { host: 'pve', vmidOffset: 1000, unique: true, start: false } })];
    const copy = backup(guest('qemu/1101'), HOUR);
    const copyOfCopy = backup(guest('qemu/2101'), HOUR);
    const plan = planOf({
      restores,
      snapshots: [web, copy, copyOfCopy],
      pve: inventory([guest('qemu/1101')]),
    });
    expect(plan.restores).toEqual([]);
    expect(plan.restoresAtRest).toMatchObject([{ intent: 'dr/qemu/101', kind: 'target-exists' }]);
    expect(plan.notes).toEqual([
      { kind: 'restore-copies-left', intent: 'dr', refs: [ref('qemu/1101'), ref('qemu/2101')] },
    ]);
  });
});

describe('a manual restore with select', () => {
  const restores = [group({ manual: true })];
  it.each<[string, readonly string[], string, readonly string[]]>([
    ['rests', [], '', ['dr']],
    ['acts when it is named', ['dr'], 'qemu/101 lxc/105 qemu/110', []],
    ['acts for a guest that is named', ['dr/lxc/105'], 'lxc/105', []],
  ])('%s', (_, named, taken, resting) => {
    expect(names({ restores, named })).toBe(taken);
    expect(planOf({ restores, named }).restoresAtRest.map(({ intent: name }) => name)).toEqual(resting);
  });

  it('has no guest of another name', () => {
    expect(planOf({ restores, named: ['dr/qemu/999'] }).problems.slice(1)).toEqual([
      { kind: 'restore-name-unknown', intent: 'dr/qemu/999' },
    ]);
  });

  it.each<[readonly string[], number]>([
    [[], 0],
    [['dr'], 3],
    [['dr/qemu/101'], 3],
  ])('wants to know what its snapshots say when %j is named', (named, count) => {
    const given = { restores, snapshots: held };
    expect(wantedSnapshots(declaredBy(given), factsOf(given), named).get('main') ?? []).toHaveLength(count);
  });
});

it.each<[string, string, string]>([
  ['a guest', 'lxc/105', 'dr/lxc/105'],
  ['what it is restored to', 'lxc/1105', 'dr/lxc/105'],
])('a part of a plan may be %s', (_, name, expected) => {
  const part = {
    only: { hosts: [], policies: [], guests: [{ ref: ref(name) }] },
    without: { hosts: [], policies: [], guests: [] },
  };
  const about = { site: declaredBy({}), facts: factsOf({}) };
  const plan = narrowPlan(planOf({}), part, about);
  expect(plan.restores.map(({ intent: one }) => one)).toEqual([expected]);
});
