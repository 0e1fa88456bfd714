import { describe, expect, it } from 'vitest';
import type { RestoreIntent } from '../../src/config/site.ts';
import type { Facts, RestoredTarget } from '../../src/plan/facts.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { GuestContents } from '../../src/pve/guest-contents.ts';
import type { Guest, Inventory } from '../../src/pve/inventory.ts';
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
  site,
  snapshotId,
  vmid,
} from './sample-site.ts';

const web = guest('qemu/101', { name: 'web-1' });
const older = backup(web, 26 * HOUR, { id: snapshotId('abcdef0123') });
const newer = backup(web, 2 * HOUR, { id: snapshotId('abcdef9876'), original: snapshotId('0123456789') });
const foreign = backup(web, HOUR, { id: snapshotId('ffff'), hostId: 'lab' });
const container = backup(guest('lxc/101'), HOUR, { id: snapshotId('eeee') });
const held = [older, newer, foreign, container];

interface Given {
  readonly restore: RestoreIntent;
  readonly guests?: readonly Guest[];
  readonly known?: Partial<Inventory>;
  readonly named?: boolean;
  /** What is known of vmid 901. */
  readonly restored?: RestoredTarget;
}

function planOf({ restore, guests = [], known = {}, named = false, restored }: Given) {
  const given = facts({ pve: inventory([web, ...guests], known) }, held);
  return makePlan(site({ restores: [restore] }), restored ? knowing(given, restored) : given, {
    restoreNames: named ? [restore.name] : [],
  });
}

function knowing(given: Facts, restored: RestoredTarget): Facts {
  const marks = new Map([[`${'aa'.repeat(32)} 901`, restored]]);
  const repositories = [...given.repositories].map(
    ([name, one]) => [name, { ...one, restored: marks }] as const,
  );
  return { ...given, repositories: new Map(repositories) };
}

function to(entry: Partial<RestoreIntent['to']>): Partial<RestoreIntent> {
  return { to: { ...intent('x').to, ...entry } };
}

describe('the snapshot of a restore', () => {
  it.each([
    ['latest is the newest of the guest from that host', 'latest', newer.id],
    ['an id prefix names one', 'abcdef01', older.id],
    ['a whole id names one', older.id, older.id],
    ['an id from before a rewrite still names it', '01234567', newer.id],
    ['digits may be upper case', 'ABCDEF98', newer.id],
  ])('%s', (_, snapshot, id) => {
    expect(planOf({ restore: intent('r', { snapshot }) }).restores).toMatchObject([{ snapshot: { id } }]);
  });

  it.each([
    ['the newest from before a moment', NOW - HOUR, newer.id],
    ['none that was begun at that moment', newer.time, older.id],
  ])('can be %s', (_, before, id) => {
    expect(planOf({ restore: intent('r', { before }) }).restores).toMatchObject([{ snapshot: { id } }]);
  });

  it('is missing where all are younger, and no backup to come is waited for', () => {
    const { problems, restoresAtRest } = planOf({ restore: intent('r', { before: older.time }) });
    expect(problems).toMatchObject([
      { kind: 'restore-snapshot-missing', wanted: 'latest before 2026-11-21T23:00:00.000Z' },
    ]);
    expect(restoresAtRest).toEqual([]);
  });

  it.each([
    ['the id of another guest', 'eeee0000', { kind: 'restore-snapshot-missing', wanted: 'eeee0000' }],
    ['the id of another host', 'ffff0000', { kind: 'restore-snapshot-missing', wanted: 'ffff0000' }],
    ['digits that two ids begin with', 'abcdef', { kind: 'restore-snapshot-ambiguous', matches: 2 }],
  ])('cannot be %s', (_, snapshot, problem) => {
    const plan = planOf({ restore: intent('r', { snapshot }) });
    expect(plan.restores).toEqual([]);
    expect(plan.problems).toMatchObject([problem]);
  });
});

describe('a snapshot and its rewritten twin', () => {
  it('are one: digits that both answer to are not ambiguous', () => {
    const original = { ...newer, id: snapshotId('0123456789') };
    const rewritten = { ...newer, id: snapshotId('0123ff'), original: original.id };
    const restores = [intent('r', { snapshot: '0123' })];
    const plan = makePlan(site({ restores }), facts({ pve: inventory([]) }, [original, rewritten]));
    expect(plan.problems).toEqual([]);
    expect(plan.restores).toHaveLength(1);
  });
});

describe('a restore', () => {
  const there = guest('qemu/901', { name: 'web-test' });
  const replace = { onExisting: 'replace' } as const;

  it('acts when its target is missing', () => {
    expect(
      planOf({ restore: intent('r', to({ pool: 'lab', start: true })), known: { pools: ['lab'] } }),
    ).toMatchObject({
      restores: [
        {
          intent: 'r',
          repository: 'main',
          to: { host: 'pve', node: 'pve', vmid: 901, pool: 'lab', start: true },
          replaces: undefined,
          reason: { kind: 'target-missing' },
        },
      ],
      problems: [],
    });
  });

  it.each<[string, Given, object]>([
    ['that is manual, until it is named', { restore: intent('r', { manual: true }) }, { kind: 'manual' }],
    ['whose target exists', { restore: intent('r'), guests: [there] }, { kind: 'target-exists' }],
    [
      'that may replace, until it is named',
      { restore: intent('r', replace), guests: [there] },
      { kind: 'target-exists' },
    ],
    [
      'whose target exists, although its snapshot is gone',
      { restore: intent('r', { snapshot: '00000000' }), guests: [there] },
      { kind: 'target-exists' },
    ],
  ])('is at rest: one %s', (_, given, atRest) => {
    const plan = planOf(given);
    expect(plan.restores).toEqual([]);
    expect(plan.problems).toEqual([]);
    expect(plan.restoresAtRest).toMatchObject([{ intent: 'r', ...atRest }]);
  });

  it('that is manual acts when it is named', () => {
    const plan = planOf({ restore: intent('r', { manual: true }), named: true });
    expect(plan.restores).toMatchObject([{ intent: 'r' }]);
  });

  it('that may replace does so when it is named', () => {
    const plan = planOf({ restore: intent('r', replace), guests: [there], named: true });
    expect(plan.restores).toMatchObject([
      { replaces: { name: 'web-test' }, reason: { kind: 'replace-asked' } },
    ]);
  });

  const nodes = ['pve', 'pve2'].map((name) => ({ name: node(name), online: true }));
  const storage = (entry: object) => ({
    storages: [
      {
        node: node('pve'),
        storage: 'fast',
        available: true,
        shared: false,
        content: ['images'],
        totalBytes: 1,
        usedBytes: 0,
        ...entry,
      },
    ],
  });
  const mapTo = (bridge: string) => ({
    map: { storage: new Map<string, string>(), bridge: new Map([['vmbr5', bridge]]) },
  });
  const ofContainer = { guest: { type: 'lxc', vmid: vmid(101) } } as const;

  it.each<[string, Given, object]>([
    [
      'is named, may not replace, and its target exists',
      { restore: intent('r'), guests: [there], named: true },
      { kind: 'restore-target-exists', target: { name: 'web-test' } },
    ],
    [
      'has a vmid that a guest of the other type has',
      { restore: intent('r', replace), guests: [guest('lxc/901')] },
      { kind: 'restore-target-other-type' },
    ],
    [
      'replaces a guest on another node',
      {
        restore: intent('r', replace),
        guests: [{ ...there, node: node('pve2') }],
        named: true,
        known: { nodes },
      },
      { kind: 'restore-target-other-node', node: 'pve' },
    ],
    [
      'replaces a locked guest',
      { restore: intent('r', replace), guests: [{ ...there, lock: 'migrate' }], named: true },
      { kind: 'guest-locked', lock: 'migrate' },
    ],
    [
      'replaces a protected guest',
      { restore: intent('r', replace), guests: [{ ...there, protection: true }], named: true },
      { kind: 'restore-target-protected', target: { name: 'web-test' } },
    ],
    [
      'maps to a bridge that does not exist',
      {
        restore: intent('r', mapTo('vmbr9')),
        known: { nodes: [{ name: node('pve'), online: true, bridges: ['vmbr0', 'vmbr1'] }] },
      },
      { kind: 'restore-bridge-missing', bridge: 'vmbr9', there: ['vmbr0', 'vmbr1'] },
    ],
    [
      'goes to a storage that does not exist',
      { restore: intent('r', to({ storage: 'slow' })), known: storage({}) },
      { kind: 'restore-storage-missing', why: 'not-there' },
    ],
    [
      'goes to a storage of another node only',
      { restore: intent('r', to({ storage: 'fast' })), known: storage({ node: node('pve2') }) },
      { kind: 'restore-storage-missing', why: 'not-there' },
    ],
    [
      'goes to a storage that is not available',
      { restore: intent('r', to({ storage: 'fast' })), known: storage({ available: false }) },
      { kind: 'restore-storage-missing', why: 'not-available' },
    ],
    [
      'goes to a storage that takes no disks',
      { restore: intent('r', to({ storage: 'fast' })), known: storage({ content: ['backup'] }) },
      { kind: 'restore-storage-missing', why: 'no-images' },
    ],
    [
      'goes to a storage that takes no containers',
      { restore: intent('r', { ...ofContainer, ...to({ storage: 'fast' }) }), known: storage({}) },
      { kind: 'restore-storage-missing', why: 'no-rootdir' },
    ],
    [
      'goes to a pool that does not exist',
      { restore: intent('r', to({ pool: 'lab' })) },
      { kind: 'restore-pool-missing', pool: 'lab' },
    ],
  ])('is a problem when it %s', (_, given, problem) => {
    const plan = planOf(given);
    expect(plan.restores).toEqual([]);
    expect(plan.problems).toMatchObject([problem]);
  });

  it.each([
    ['are not known', {}],
    ['cannot be read', { bridges: [] }],
    ['hold the one it maps to', { bridges: ['vmbr0'] }],
  ])('acts when the bridges of the node %s', (_, known) => {
    const plan = planOf({
      restore: intent('r', mapTo('vmbr0')),
      known: { nodes: [{ name: node('pve'), online: true, ...known }] },
    });
    expect(plan).toMatchObject({ restores: [{ intent: 'r' }], problems: [] });
  });

  it('says all at once that stands against a guest to be replaced', () => {
    const plan = planOf({
      restore: intent('r', { ...replace, ...to({ pool: 'lab', storage: 'slow' }) }),
      guests: [{ ...there, lock: 'backup', protection: true }],
      named: true,
    });
    expect(plan.problems.map(({ kind }) => kind)).toEqual([
      'restore-storage-missing',
      'guest-locked',
      'restore-target-protected',
      'restore-pool-missing',
    ]);
  });

  it.each([
    ['running', true],
    ['paused', true],
    ['stopped', undefined],
    ['unknown', undefined],
  ])('that replaces a guest with status %s says whether it is stopped: %s', (status, stops) => {
    const restore = intent('r', replace);
    const [action] = planOf({ restore, guests: [{ ...there, status }], named: true }).restores;
    expect(action?.stops).toBe(stops);
  });

  it('is a problem when its node is off', () => {
    const off = { name: node('pve2'), online: false, address: '192.0.2.2' };
    const given = facts({ pve: inventory([], { nodes: [...nodes.slice(0, 1), off] }) }, held);
    const hosts = [host('pve', { node: node('pve2') })];
    expect(makePlan(site({ hosts, restores: [intent('r')] }), given).problems).toMatchObject([
      { kind: 'node-offline' },
      { kind: 'restore-node-offline', intent: 'r', node: 'pve2' },
    ]);
  });

  it.each([
    ['does not exist', 'pve9', { kind: 'restore-node-unknown', node: 'pve9' }],
    ['the host entry does not lead to', 'pve2', { kind: 'restore-node-elsewhere', localNode: 'pve' }],
  ])('is a problem when it goes to a node that %s', (_, name, problem) => {
    const hosts = [host('pve', { node: node(name) })];
    const given = facts({ pve: inventory([], { nodes }) }, held);
    expect(makePlan(site({ hosts, restores: [intent('r')] }), given).problems).toMatchObject([problem]);
  });

  it('is a problem when the host does not answer', () => {
    const plan = makePlan(site({ restores: [intent('r')] }), facts({ pve: 'no route' }, held));
    expect(plan.problems).toMatchObject([
      { kind: 'host-unreachable' },
      { kind: 'restore-host-unreachable', intent: 'r', host: 'pve' },
    ]);
  });

  it('that goes to the same vmid as one before it is a problem', () => {
    const restores = [intent('first'), intent('second')];
    const plan = makePlan(site({ restores }), facts({ pve: inventory([]) }, held));
    expect(plan.restores).toMatchObject([{ intent: 'first' }]);
    expect(plan.problems).toMatchObject([{ kind: 'restore-target-claimed', intent: 'second', by: 'first' }]);
  });

  it('that the site file does not have cannot be named', () => {
    const plan = makePlan(site(), facts({ pve: inventory([]) }), { restoreNames: ['web'] });
    expect(plan.problems).toEqual([{ kind: 'restore-name-unknown', intent: 'web' }]);
  });

  it('carries how it gets there into its action', () => {
    const map = { storage: new Map([['local-lvm', 'fast']]), bridge: new Map([['vmbr1', 'vmbr0']]) };
    const restore = intent('r', { map, mode: 'streamed', bwlimitKiB: 1024, order: 3 });
    expect(planOf({ restore, known: storage({}) }).restores).toMatchObject([
      { order: 3, to: { map, mode: 'streamed', bwlimitKiB: 1024 } },
    ]);
  });

  it('is a problem when its map names a storage that is not there', () => {
    const map = { storage: new Map([['local-lvm', 'nope']]), bridge: new Map() };
    expect(planOf({ restore: intent('r', { map }) }).problems).toMatchObject([
      { kind: 'restore-storage-missing', storage: 'nope', why: 'not-there' },
    ]);
  });

  it('comes by its order, those without one last and as the file has them', () => {
    const ordered = (name: string, id: number, order?: number) =>
      intent(name, { ...to({ vmid: vmid(id) }), ...(order !== undefined && { order }) });
    const restores = [ordered('a', 901), ordered('b', 902, 2), ordered('c', 903), ordered('d', 904, 1)];
    const plan = makePlan(site({ restores }), facts({ pve: inventory([]) }, held));
    expect(plan.restores.map(({ intent: name }) => name)).toEqual(['d', 'b', 'a', 'c']);
  });
});

describe('a restore with when: changed', () => {
  const there = guest('qemu/901', { name: 'web-test' });
  const restore = intent('r', { when: 'changed', onExisting: 'replace' });
  const from = (id: string, more: Partial<RestoredTarget> = {}): RestoredTarget => ({
    snapshot: id,
    line: there.identity.line,
    restoredAt: NOW - HOUR,
    ...more,
  });

  it('acts when its target is missing, whatever was restored before', () => {
    expect(planOf({ restore, restored: from(newer.id) }).restores).toMatchObject([
      { replaces: undefined, reason: { kind: 'target-missing' } },
    ]);
  });

  it.each<[string, Partial<Given>]>([
    ['the wanted snapshot', { restored: from(newer.id) }],
    ['it before it was rewritten', { restored: from(snapshotId('0123456789')) }],
    ['one that was rewritten to it', { restored: from(snapshotId('7e'), { original: newer.id }) }],
    ['the named one', { restored: from(older.id), restore: { ...restore, snapshot: 'ABCDEF01' } }],
    [
      'the named one, which is gone since',
      { restored: from(snapshotId('77aa55cc')), restore: { ...restore, snapshot: '77AA55CC' } },
    ],
    ['the wanted snapshot, also when it is named', { restored: from(newer.id), named: true }],
  ])('is at rest when its target was restored from %s', (_, given) => {
    const plan = planOf({ restore, guests: [there], ...given });
    expect(plan).toMatchObject({ restores: [], problems: [] });
    expect(plan.restoresAtRest).toMatchObject([
      { intent: 'r', kind: 'target-as-wanted', target: { name: 'web-test' } },
    ]);
  });

  it.each<[string, RestoredTarget | undefined, object]>([
    ['was restored from an older one', from(older.id), { kind: 'target-changed', from: older.id }],
    ['was restored by nobody known', undefined, { kind: 'target-changed' }],
    ['is another machine by now', from(newer.id, { line: '00ff' }), { kind: 'target-changed' }],
    ['was restored, but as which machine is not known', strange(from(newer.id)), { kind: 'target-changed' }],
  ])('overwrites a target that %s', (_, restored, reason) => {
    const plan = planOf({ restore, guests: [there], ...(restored && { restored }) });
    expect(plan.restoresAtRest).toEqual([]);
    expect(plan.restores).toMatchObject([{ snapshot: { id: newer.id }, replaces: { name: 'web-test' } }]);
    expect(plan.restores[0]?.reason).toEqual(reason);
  });

  it('believes the repository that was restored from last', () => {
    const given = facts({ pve: inventory([web, there]) }, { main: held, away: held });
    const marks = (snapshot: string, restoredAt: number) => ({
      restored: new Map([[`${'aa'.repeat(32)} 901`, from(snapshot, { restoredAt })]]),
    });
    const repositories = new Map(
      [...given.repositories].map(([name, one]) => [
        name,
        { ...one, ...(name === 'main' ? marks(newer.id, NOW - 2 * HOUR) : marks(older.id, NOW - HOUR)) },
      ]),
    );
    const plan = makePlan(site({ restores: [restore] }), { ...given, repositories });
    expect(plan.restores).toMatchObject([{ reason: { kind: 'target-changed', from: older.id } }]);
  });

  it('does not put a machine back to its own backup, until it is named', () => {
    const onto = { ...restore, to: { ...restore.to, vmid: vmid(101) } };
    const plan = planOf({ restore: onto });
    expect(plan.restores).toEqual([]);
    expect(plan.problems).toMatchObject([
      { kind: 'restore-target-is-source', intent: 'r', target: { ref: web.ref } },
    ]);
    expect(planOf({ restore: onto, named: true }).restores).toMatchObject([{ replaces: { ref: web.ref } }]);
  });

  it('does not touch a guest of the other type', () => {
    const plan = planOf({ restore, guests: [guest('lxc/901')], restored: from(older.id) });
    expect(plan.restores).toEqual([]);
    expect(plan.problems).toMatchObject([{ kind: 'restore-target-other-type' }]);
  });

  it('waits for the first backup of its guest without touching what is there', () => {
    const given = facts({ pve: inventory([web, there]) }, []);
    const declared = site({ backups: [policy('all')], restores: [restore] });
    expect(makePlan(declared, given)).toMatchObject({
      restores: [],
      restoresAtRest: [{ kind: 'blocked-by-backup' }],
      problems: [],
    });
  });
});

function strange({ snapshot, restoredAt }: RestoredTarget): RestoredTarget {
  return { snapshot, restoredAt };
}

describe('what the backup says of its guest', () => {
  const contents = (entry: Partial<GuestContents>): GuestContents => ({
    tags: [],
    volumes: [{ storage: 'ceph' }],
    bridges: ['vmbr1'],
    ...entry,
  });
  const storages = ['fast', 'vz'].map((storage) => ({
    node: node('pve'),
    storage,
    available: true,
    shared: false,
    content: [storage === 'vz' ? 'rootdir' : 'images'],
    totalBytes: 0,
    usedBytes: 0,
  }));
  const nodes = [{ name: node('pve'), online: true, bridges: ['vmbr0'] }];
  const plan = (restore: Partial<RestoreIntent>, said: Partial<GuestContents> = {}) => {
    const given = facts({ pve: inventory([web], { storages, nodes }) }, held);
    const known = new Map([[newer.id, contents(said)]]);
    const repositories = [...given.repositories].map(
      ([name, one]) => [name, { ...one, contents: known }] as const,
    );
    return makePlan(site({ restores: [intent('r', restore)] }), {
      ...given,
      repositories: new Map(repositories),
    });
  };
  const map = (from: string, storage: string, more: readonly (readonly [string, string])[] = []) => ({
    map: { storage: new Map([[from, storage]]), bridge: new Map(more) },
  });

  it.each<[string, Partial<RestoreIntent>, Partial<GuestContents>, object]>([
    [
      'its storage is not there',
      {},
      {},
      { kind: 'restore-storage-missing', storage: 'ceph', why: 'not-there' },
    ],
    [
      'the storage that it goes to takes no disks',
      map('ceph', 'vz'),
      {},
      { kind: 'restore-storage-missing', storage: 'vz', why: 'no-images' },
    ],
    [
      'it has no disks, and is to go to a storage that takes none',
      { to: { ...intent('x').to, storage: 'vz' } },
      { volumes: [] },
      { kind: 'restore-storage-missing', storage: 'vz', why: 'no-images' },
    ],
    [
      'it is to be started, and its bridge is not there',
      { ...map('ceph', 'fast'), to: { ...intent('x').to, start: true } },
      {},
      { kind: 'restore-bridge-missing', bridge: 'vmbr1', there: ['vmbr0'] },
    ],
    [
      'nothing says where its disk lay, and the default storage is not there',
      {},
      { volumes: [{}] },
      { kind: 'restore-storage-missing', storage: 'local' },
    ],
  ])('is a problem when %s', (_, restore, said, problem) => {
    const made = plan(restore, said);
    expect(made.restores).toEqual([]);
    expect(made.problems).toMatchObject([problem]);
  });

  it.each<[string, Partial<RestoreIntent>, Partial<GuestContents>]>([
    ['all is mapped', map('ceph', 'fast', [['vmbr1', 'vmbr0']]), {}],
    [
      'the map names storages for guests of the other type as well',
      {
        map: {
          storage: new Map([
            ['ceph', 'fast'],
            ['nfs', 'vz'],
          ]),
          bridge: new Map([['vmbr1', 'vmbr0']]),
        },
      },
      {},
    ],
    ['it has no disks and no network', {}, { volumes: [], bridges: [] }],
  ])('is no problem when %s', (_, restore, said) => {
    expect(plan(restore, said)).toMatchObject({ restores: [{ intent: 'r' }], problems: [], notes: [] });
  });

  it('is worth a note when its bridge is not there and it is not to be started', () => {
    expect(plan(map('ceph', 'fast'))).toMatchObject({
      restores: [{ intent: 'r' }],
      notes: [{ kind: 'restore-bridges-unmapped', intent: 'r', bridges: ['vmbr1'], node: 'pve' }],
    });
  });
});
