import { describe, expect, it } from 'vitest';
import type { MovedGuest } from '../../../src/config/site.ts';
import type { Adoption, GuestSnapshot } from '../../../src/plan/facts.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import type { Guest } from '../../../src/pve/inventory.ts';
import { backup, facts, guest, HOUR, host, inventory, line, policy, ref, site } from '../sample-site.ts';

const DAY = 24 * HOUR;
/** qemu/101 of fra has become qemu/201 of ber. */
const old = guest('qemu/101');
const web = guest('qemu/201', { name: 'web' });
const other = guest('qemu/101', { identity: { ...old.identity, line: line('0e') } });
const move = (from: string, to: string): MovedGuest => {
  const [fromHost = '', fromGuest = ''] = from.split(':');
  const [toHost = '', toGuest = ''] = to.split(':');
  return {
    from: { hostId: fromHost, guest: ref(fromGuest) },
    to: { host: toHost, hostId: toHost, guest: ref(toGuest) },
  };
};
const moved = [move('fra:qemu/101', 'ber:qemu/201')];
const before = [1, 2, 3].map((days) => backup(old, days * DAY, { hostId: 'fra' }));
const decision = { from: moved[0]?.from, at: moved[0]?.to } as Pick<Adoption, 'from' | 'at'>;

interface World {
  readonly moved?: readonly MovedGuest[];
  readonly fra?: readonly Guest[] | string | undefined;
  readonly ber?: readonly Guest[] | string;
  readonly snapshots?: readonly GuestSnapshot[];
  readonly adoptions?: Readonly<Record<string, Adoption>>;
  readonly unread?: readonly string[];
}

function planOf(world: World) {
  const { fra = [], ber = [web], snapshots = before, adoptions = {}, unread = [] } = world;
  const found = {
    ...('fra' in world && world.fra === undefined ? {} : { fra: asFound(fra, 'aa') }),
    ber: asFound(ber, 'bb'),
  };
  const declared = site({
    hosts: Object.keys(found).map((name) => host(name)),
    backups: [policy('all', { hosts: Object.keys(found), retention: { last: 2 } })],
    moved: world.moved ?? moved,
  });
  const known = facts(found, snapshots);
  const repositories = [...known.repositories].map(
    ([name, held]) => [name, { ...held, adoptions: new Map(Object.entries(adoptions)), unread }] as const,
  );
  return makePlan(declared, { ...known, repositories: new Map(repositories) });
}

function asFound(guests: readonly Guest[] | string, cluster: string) {
  return typeof guests === 'string' ? guests : inventory(guests, { clusterFingerprint: cluster.repeat(32) });
}

describe('a guest that the site says has moved', () => {
  it('goes on with its history, which is kept in the repository', () => {
    const plan = planOf({});
    expect(plan.adopts).toEqual([
      {
        kind: 'adopt',
        repository: 'main',
        host: 'ber',
        hostId: 'ber',
        guest: { ref: web.ref, name: 'web', node: 'pve' },
        line: web.identity.line,
        from: { hostId: 'fra', guest: old.ref, line: old.identity.line },
        snapshots: 3,
        newestAt: before[0]?.time,
      },
    ]);
    expect(plan.backups).toMatchObject([{ guest: { ref: web.ref }, newest: { id: before[0]?.id } }]);
    expect(plan.orphans).toEqual([]);
    expect(plan.forgets).toMatchObject([{ adopts: [old.identity.line], forget: [{}, {}] }]);
  });

  it.each<[string, World]>([
    ['from a host that the site has no longer', { fra: undefined }],
    ['while another machine has its vmid that was never backed up', { fra: [other] }],
    [
      'after an earlier machine had its vmid',
      {
        snapshots: [...before, backup(old, 50 * DAY, { hostId: 'fra', line: line('0f') })],
      },
    ],
    [
      'after it was backed up in its new place',
      { snapshots: [...before, backup(web, HOUR, { hostId: 'ber' })] },
    ],
    [
      'with a place between, where it never was backed up',
      {
        moved: [move('fra:qemu/101', 'gone:qemu/150'), move('gone:qemu/150', 'ber:qemu/201')],
      },
    ],
  ])('goes on %s', (_, world) => {
    expect(planOf(world).adopts).toMatchObject([
      { from: { line: old.identity.line }, line: web.identity.line },
    ]);
  });

  it('brings along what it left in a place between', () => {
    const between = backup(guest('qemu/150'), DAY, { hostId: 'gone' });
    const plan = planOf({
      moved: [move('fra:qemu/101', 'gone:qemu/150'), move('gone:qemu/150', 'ber:qemu/201')],
      snapshots: [...before, between],
    });
    expect(plan.adopts.map(({ from }) => from.line)).toEqual([old.identity.line, between.line]);
    expect(plan.forgets).toMatchObject([{ adopts: [old.identity.line, between.line] }]);
  });

  it.each<[string, World, string[]]>([
    ['before it is there', { ber: [] }, ['not-there']],
    [
      'while its configuration could not be read',
      { ber: [{ ...web, identity: { line: line('0'), machine: { kind: 'none' } } }] },
      ['not-there'],
    ],
    ['while its new host could not be asked', { ber: 'no route' }, []],
    ['while its old host could not be asked', { fra: 'no route' }, []],
    ['while the machine is where it was', { fra: [old] }, ['still-there']],
    [
      'while the vmid has a machine that has backups of its own, which may be meant or not',
      { fra: [other], snapshots: [...before, backup(other, HOUR, { hostId: 'fra' })] },
      ['still-there'],
    ],
    ['where it has no backup', { snapshots: [] }, ['no-backup']],
    ['while the repository holds what cannot be read', { unread: ['snapshots/ab: damaged'] }, []],
    ['once that is kept', { adoptions: { [old.identity.line]: { to: web.identity.line, ...decision } } }, []],
    [
      'once somebody took that back',
      { adoptions: { [old.identity.line]: { to: web.identity.line, ...decision, undone: true } } },
      [],
    ],
    ['once it was adopted by hand', { adoptions: { [old.identity.line]: { to: web.identity.line } } }, []],
    [
      'once it is kept, whatever had the vmid later and is gone',
      {
        snapshots: [...before, backup(other, HOUR, { hostId: 'fra' })],
        adoptions: { [old.identity.line]: { to: web.identity.line, ...decision } },
      },
      [],
    ],
  ])('is not joined %s', (_, world, notes) => {
    const plan = planOf(world);
    expect(plan.adopts).toEqual([]);
    expect(plan.notes.flatMap((note) => (note.kind === 'move-waits' ? note.why : []))).toEqual(notes);
  });

  it('leaves to what had its vmid later what that one left', () => {
    const later = backup(other, HOUR, { hostId: 'fra' });
    const plan = planOf({
      snapshots: [...before, later],
      adoptions: { [old.identity.line]: { to: web.identity.line, ...decision } },
    });
    expect(plan.orphans).toMatchObject([{ line: later.line, snapshots: 1 }]);
    expect(plan.forgets.flatMap(({ forget }) => forget)).not.toContainEqual(later);
  });

  it('can go to where one was that went elsewhere before', () => {
    const plan = planOf({
      adoptions: {
        [line('d')]: {
          to: line('dd'),
          from: { hostId: 'fra', guest: old.ref },
          at: { hostId: 'fra', guest: ref('qemu/777') },
        },
      },
    });
    expect(plan.adopts).toHaveLength(1);
  });
});
