import { describe, expect, it } from 'vitest';
import type { Facts, RepositoryFacts } from '../../../src/plan/facts.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import { type PlannedAction, plannedActions } from '../../../src/plan/planned-actions.ts';
import { checkPreconditions } from '../../../src/plan/saved/check-preconditions.ts';
import type { Precondition } from '../../../src/plan/saved/precondition.ts';
import { preconditionsOf } from '../../../src/plan/saved/preconditions-of.ts';
import { presentMoment } from '../../../src/plan/saved/present-moment.ts';
import type { Guest, Inventory } from '../../../src/pve/inventory.ts';
import {
  backup,
  facts,
  guest,
  HOUR,
  host,
  intent,
  inventory,
  line,
  node,
  policy,
  site,
  snapshotId,
  vmid,
} from '../sample-site.ts';

/** A site with an action of each kind, and what may have happened since its plan was saved. */
const web = guest('qemu/101', { name: 'web', volumes: [{ key: 'scsi0', bytes: 5 }] });
const git = guest('lxc/105');
const old = guest('qemu/902', { name: 'old', hostAccess: ['args: -x', 'hookscript: local:snippets/x'] });
const nodes = ['pve', 'pve2'].map((name) => ({ name: node(name), online: true }));
const oldest = backup(web, 90 * HOUR);
const middle = backup(web, 60 * HOUR, { original: snapshotId('0f') });
const newest = backup(web, 30 * HOUR);
const declared = site({
  hosts: [host('pve', { configBackup: true })],
  repositories: new Map([['main', { name: 'main', path: '/r', password: { kind: 'env', name: 'P' } }]]),
  backups: [
    policy('all', { retention: { last: 2 }, select: { kind: 'vmid', vmids: [vmid(101), vmid(105)] } }),
  ],
  restores: [
    intent('free', { allow: ['host-access'] }),
    intent('over', {
      to: { host: 'pve', vmid: vmid(902), unique: false, start: false },
      onExisting: 'replace',
    }),
  ],
});
const planned = knowing(facts({ pve: inventory([web, git, old], { nodes }) }, [oldest, middle, newest]));

/** The backup brings a line that `old` has. */
function knowing(known: Facts): Facts {
  const hostAccess = [{ line: 'args: -x', reason: 'qemu-arguments' } as const];
  const contents = new Map([[newest.id, { tags: [], volumes: [], bridges: [], hostAccess }]]);
  const repositories = [...known.repositories].map(([name, one]) => [name, { ...one, contents }] as const);
  return { ...known, repositories: new Map(repositories) };
}

interface Changes {
  readonly guests?: readonly Guest[];
  readonly held?: Partial<RepositoryFacts>;
  readonly host?: Parameters<typeof host>[1];
  readonly cluster?: string;
  readonly unreachable?: string;
}

function factsAfter({ guests = [web, git, old], held = {}, cluster, unreachable }: Changes): Facts {
  const found = inventory(guests, { nodes, ...(cluster !== undefined && { clusterFingerprint: cluster }) });
  const now = facts({ pve: unreachable ?? found }, [oldest, middle, newest]);
  const repositories = [...now.repositories].map(([name, one]) => [name, { ...one, ...held }] as const);
  return { ...now, repositories: new Map(repositories) };
}

/** What is forgotten of a guest that is gone. */
const gone = guest('qemu/109');
const orphaned = facts({ pve: inventory([web, git, old], { nodes }) }, [backup(gone, 900 * HOUR)]);
const forgetsOrphan = makePlan(site({ orphans: { keepMs: HOUR } }), orphaned).forgets[0];

const plan = makePlan(declared, planned, { restoreNames: ['over'] });
const expected = {
  hosts: new Map([['pve', { id: 'pve', clusterFingerprint: 'aa'.repeat(32) }]]),
  repositories: new Map([['main', { id: planned.repositories.get('main')?.id ?? '' }]]),
};

function verdict(action: PlannedAction, changes: Changes, given?: readonly Precondition[]) {
  const after = { ...declared, hosts: new Map([['pve', host('pve', { ...changes.host })]]) };
  const preconditions = given ?? preconditionsOf(action, { site: declared, facts: planned });
  return checkPreconditions(preconditions, expected, presentMoment(after, factsAfter(changes)));
}

function action(kind: PlannedAction['kind'], which = 0): PlannedAction {
  const found = plannedActions(plan).filter((one) => one.kind === kind)[which];
  if (found === undefined) throw new Error(`the plan has no ${kind} ${which}`);
  return found;
}

it('while nothing has changed, every action holds', () => {
  expect(plannedActions(plan).map(({ kind }) => kind)).toEqual([
    'node-config',
    'backup',
    'backup',
    'restore',
    'restore',
    'forget',
  ]);
  for (const one of plannedActions(plan)) expect(verdict(one, {})).toEqual({ kind: 'holds' });
});

describe('an action is stale', () => {
  const other = { ...web.identity, line: line('77ab') };
  const later = (of: Guest) => backup(of, HOUR, { id: snapshotId('1a7e') });
  const nodeSnapshot = { id: snapshotId('c1'), time: planned.now, hostId: 'pve', node: node('pve') };
  const held = (...snapshots: readonly ReturnType<typeof backup>[]) => ({ held: { snapshots } });
  it.each<[string, PlannedAction, Changes, string]>([
    ['when its guest is gone', action('backup'), { guests: [git, old] }, 'guest-gone'],
    [
      'when its guest has moved',
      action('backup'),
      { guests: [{ ...web, node: node('pve2') }] },
      'guest-moved',
    ],
    [
      'when another machine has the vmid',
      action('backup'),
      { guests: [{ ...web, identity: other }] },
      'guest-replaced',
    ],
    [
      'when a guest of the other type has it',
      action('backup'),
      { guests: [guest('lxc/101')] },
      'guest-replaced',
    ],
    [
      'when a disk was added',
      action('backup'),
      { guests: [{ ...web, volumes: [...web.volumes, { key: 'scsi1' }] }] },
      'guest-changed',
    ],
    [
      'when a disk has grown',
      action('backup'),
      { guests: [{ ...web, volumes: [{ key: 'scsi0', bytes: 6 }] }] },
      'guest-changed',
    ],
    [
      'when another runner has made the backup',
      action('backup'),
      held(oldest, middle, newest, later(web)),
      'newer-backup',
    ],
    ['when the first backup is there', action('backup', 1), held(later(git)), 'newer-backup'],
    [
      'when the configuration was kept',
      action('node-config'),
      { held: { nodeSnapshots: [nodeSnapshot] } },
      'newer-backup',
    ],
    [
      'when the vmid is taken',
      action('restore'),
      { guests: [web, git, old, guest('lxc/901')] },
      'vmid-taken',
    ],
    ['when what it restores is gone', action('restore'), held(oldest, middle), 'snapshots-gone'],
    ['when what it overwrites is gone', action('restore', 1), { guests: [web] }, 'guest-gone'],
    [
      'when it would overwrite another',
      action('restore', 1),
      { guests: [{ ...old, identity: other }] },
      'guest-replaced',
    ],
    [
      'when what it overwrites has moved',
      action('restore', 1),
      { guests: [{ ...old, node: node('pve2') }] },
      'guest-moved',
    ],
    [
      'when it was restored since by another runner',
      action('restore', 1),
      {
        held: {
          restored: new Map([
            [`${'aa'.repeat(32)} 902`, { snapshot: newest.id, restoredAt: planned.now + HOUR }],
          ]),
        },
      },
      'restored-since',
    ],
    [
      'when what it overwrites has a line no more that comes back with the backup',
      action('restore', 1),
      { guests: [{ ...old, hostAccess: ['hookscript: local:snippets/x'] }] },
      'guest-lines-gone',
    ],
    ['when what it forgets is gone', action('forget'), held(middle, newest), 'snapshots-gone'],
    ['when what it keeps is gone', action('forget'), held(oldest, middle), 'snapshots-gone'],
    [
      'when what it forgets was pinned',
      action('forget'),
      { held: { pinned: new Set([oldest.id]) } },
      'snapshots-pinned',
    ],
    [
      'when a record that may pin it cannot be read',
      action('forget'),
      { held: { unread: ['snapshots/4f1c: the MAC is wrong'] } },
      'pins-unread',
    ],
    [
      'when it was pinned by its original',
      action('forget'),
      { held: { pinned: new Set([snapshotId('0f')]) } },
      'snapshots-pinned',
    ],
    [
      'when what it keeps is damaged',
      action('forget'),
      { held: { damaged: new Set([newest.id]) } },
      'snapshots-damaged',
    ],
    [
      'when it forgets of a guest that was backed up since',
      action('forget'),
      held(oldest, middle, newest, later(web)),
      'newer-backup',
    ],
    ['when its host leads elsewhere', action('backup'), { cluster: 'bb'.repeat(32) }, 'host-elsewhere'],
    ['when its host has another id', action('restore'), { host: { id: 'new' } }, 'host-elsewhere'],
    [
      'when its repository is another',
      action('forget'),
      { held: { id: snapshotId('f') } },
      'repository-elsewhere',
    ],
  ])('%s', (_, one, changes, kind) => {
    expect(verdict(one, changes)).toMatchObject({ kind: 'stale', why: { kind } });
  });

  it('when the plan says nothing of it', () => {
    expect(verdict(action('backup'), {}, [])).toEqual({ kind: 'stale', why: { kind: 'unguarded' } });
  });

  it('when its host or its repository is no longer in the site file', () => {
    const preconditions = preconditionsOf(action('backup'), { site: declared, facts: planned });
    const check = (without: 'hosts' | 'repositories') =>
      checkPreconditions(
        preconditions,
        expected,
        presentMoment(
          { ...declared, [without]: new Map() },
          { ...planned, ...(without === 'repositories' && { repositories: new Map() }) },
        ),
      );
    expect(check('hosts')).toEqual({ kind: 'stale', why: { kind: 'host-gone', host: 'pve' } });
    expect(check('repositories')).toMatchObject({ kind: 'stale', why: { kind: 'repository-gone' } });
  });
});

describe('that all of a guest goes which is gone', () => {
  it.each<[string, Partial<Inventory>, object]>([
    ['holds while it stays away', {}, { kind: 'holds' }],
    [
      'is stale once it is back',
      { guests: [gone] },
      { kind: 'stale', why: { kind: 'guest-back', guest: { ref: gone.ref } } },
    ],
    [
      'cannot be told while a node is off',
      { nodes: [{ name: node('pve2'), online: false }] },
      { kind: 'unreachable', reason: expect.stringContaining('pve2 is offline') },
    ],
  ])('%s', (_, changes, expectation) => {
    if (forgetsOrphan === undefined) throw new Error('the plan forgets no orphan');
    const preconditions = preconditionsOf(forgetsOrphan, { site: declared, facts: orphaned });
    const after = facts({ pve: inventory([web], { nodes, ...changes }) }, [backup(gone, 900 * HOUR)]);
    expect(checkPreconditions(preconditions, expected, presentMoment(declared, after))).toMatchObject(
      expectation,
    );
  });
});

describe('that the history of a guest goes on which has moved', () => {
  const before = facts({ pve: inventory([web], { nodes }) }, [backup(gone, 30 * HOUR)]);
  const place = { hostId: 'pve', guest: gone.ref };
  const moving = {
    ...declared,
    moved: [{ from: place, to: { host: 'pve', hostId: 'pve', guest: web.ref } }],
  };
  const [adopt] = makePlan(moving, before).adopts;
  it.each<[string, readonly Guest[], Partial<RepositoryFacts>, object]>([
    ['holds while it is there', [web], {}, { kind: 'holds' }],
    ['is stale once it is gone', [], {}, { kind: 'stale', why: { kind: 'guest-gone' } }],
    [
      'is stale once the machine is back where it was',
      [web, gone],
      {},
      { kind: 'stale', why: { kind: 'guest-back' } },
    ],
    [
      'is stale once somebody has decided about that',
      [web],
      { adoptions: new Map([[gone.identity.line, { to: line('1'), undone: true }]]) },
      { kind: 'stale', why: { kind: 'line-adopted' } },
    ],
  ])('%s', (_, guests, held, expectation) => {
    if (adopt === undefined) throw new Error('the plan joins nothing');
    const after = facts({ pve: inventory(guests, { nodes }) }, [backup(gone, 30 * HOUR)]);
    const repositories = [...after.repositories].map(([name, one]) => [name, { ...one, ...held }] as const);
    const now = presentMoment(moving, { ...after, repositories: new Map(repositories) });
    const preconditions = preconditionsOf(adopt, { site: moving, facts: before });
    expect(checkPreconditions(preconditions, expected, now)).toMatchObject(expectation);
  });
});

it('a host that does not answer makes nothing stale', () => {
  expect(verdict(action('backup'), { unreachable: 'no route to it' })).toEqual({
    kind: 'unreachable',
    reason: 'no route to it',
  });
});

it('a guest with fewer lines that reach the node is still the same, unless the backup brings them', () => {
  expect(verdict(action('restore', 1), { guests: [{ ...old, hostAccess: ['args: -x'] }] })).toEqual({
    kind: 'holds',
  });
});

it('a guest that runs, or is locked, is still the same', () => {
  const changed = { ...web, status: 'stopped', lock: 'snapshot', name: 'renamed' };
  expect(verdict(action('backup'), { guests: [changed] })).toEqual({ kind: 'holds' });
});
