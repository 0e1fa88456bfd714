import { describe, expect, it } from 'vitest';
import type { BackupPolicy } from '../../src/config/site.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { facts, filter, guest, host, inventory, node, policy, refs, site, vmid } from './sample-site.ts';

const guests = [
  guest('qemu/101', { name: 'web-1', pool: 'prod', tags: ['gold', 'linux'] }),
  guest('qemu/102', { name: 'web-2', pool: 'prod/eu', tags: ['linux'] }),
  guest('lxc/105', { name: 'gitea', pool: 'prod' }),
  guest('qemu/109', { name: 'base', template: true }),
];
const here = inventory(guests, { pools: ['prod', 'prod/eu', 'empty'] });

function planOf(...backups: readonly BackupPolicy[]) {
  return makePlan(site({ backups }), facts({ pve: here }));
}

describe('a policy', () => {
  it.each<[string, Partial<BackupPolicy>, readonly string[]]>([
    ['all takes every guest, templates too', {}, ['qemu/101', 'qemu/102', 'lxc/105', 'qemu/109']],
    [
      'a list of vmids takes these',
      { select: { kind: 'vmid', vmids: [vmid(105), vmid(101)] } },
      ['qemu/101', 'lxc/105'],
    ],
    [
      'a pool takes its members, not those of pools below it',
      { select: { kind: 'pool', pool: 'prod' } },
      ['qemu/101', 'lxc/105'],
    ],
    ['a nested pool is a pool', { select: { kind: 'pool', pool: 'prod/eu' } }, ['qemu/102']],
    ['include narrows', { include: filter({ tags: ['gold'], types: ['lxc'] }) }, ['qemu/101', 'lxc/105']],
    [
      'include adds nothing',
      { select: { kind: 'pool', pool: 'prod/eu' }, include: filter({ tags: ['gold', 'linux'] }) },
      ['qemu/102'],
    ],
    ['exclude removes', { exclude: filter({ vmids: [vmid(109)], names: ['web-?'] }) }, ['lxc/105']],
    [
      'exclude wins over include',
      { include: filter({ tags: ['linux'] }), exclude: filter({ tags: ['gold'] }) },
      ['qemu/102'],
    ],
    ['a pattern matches the whole name', { include: filter({ names: ['web'] }) }, []],
    ['a star matches any text', { include: filter({ names: ['*it*'] }) }, ['lxc/105']],
    ['a dot in a pattern is a dot', { include: filter({ names: ['web.1', 'we[b]-1'] }) }, []],
  ])('%s', (_, entry, expected) => {
    expect(refs(planOf(policy('p', entry)).backups)).toEqual(expected);
  });

  it('says why it leaves a guest alone', () => {
    const plan = planOf(
      policy('p', {
        select: { kind: 'pool', pool: 'prod' },
        include: filter({ types: ['qemu'] }),
        exclude: filter({ names: ['web*'] }),
      }),
    );
    expect(plan.leftAlone.map(({ guest: { name }, reason }) => [name, reason])).toEqual([
      ['web-1', { kind: 'excluded', by: 'name web*' }],
      ['gitea', { kind: 'not-included' }],
    ]);
  });

  it.each<[string, Partial<BackupPolicy>, object]>([
    [
      'a vmid that does not exist',
      { select: { kind: 'vmid', vmids: [vmid(101), vmid(404)] } },
      { kind: 'vmid-missing', policy: 'p', vmid: 404, hosts: ['pve'] },
    ],
    [
      'a pool that does not exist',
      { select: { kind: 'pool', pool: 'eu' } },
      { kind: 'pool-missing', policy: 'p', pool: 'eu', hosts: ['pve'] },
    ],
    [
      'a pool without guests',
      { select: { kind: 'pool', pool: 'empty' } },
      { kind: 'pool-empty', policy: 'p', pool: 'empty' },
    ],
  ])('has a problem with %s', (_, entry, problem) => {
    expect(planOf(policy('p', entry)).problems).toEqual([problem]);
  });

  it('does not call missing what may be on a host that did not answer', () => {
    const wanted = policy('p', { hosts: ['pve', 'lab'], select: { kind: 'vmid', vmids: [vmid(404)] } });
    const plan = makePlan(
      site({ hosts: [host('pve'), host('lab')], backups: [wanted] }),
      facts({ pve: here, lab: 'connection refused' }),
    );
    expect(plan.problems).toEqual([{ kind: 'host-unreachable', host: 'lab', reason: 'connection refused' }]);
  });
});

describe('guests that no policy covers', () => {
  it('are those that none selects and none excludes', () => {
    const plan = planOf(
      policy('p', { select: { kind: 'pool', pool: 'prod' }, include: filter({ tags: ['gold'] }) }),
      policy('q', { select: { kind: 'vmid', vmids: [vmid(109)] }, exclude: filter({ names: ['base'] }) }),
    );
    expect(refs(plan.uncovered)).toEqual(['qemu/102', 'lxc/105']);
  });

  it('make the plan incomplete where the site wants all covered', () => {
    const guards = { forgetMax: { share: 1, atLeast: 0 }, uncovered: 'fail' } as const;
    const known = facts({ pve: inventory([guest('qemu/101'), guest('qemu/102')]) });
    const backups = [policy('p', { select: { kind: 'vmid', vmids: [vmid(101)] } })];
    const { problems } = makePlan(site({ backups, guards }), known);
    expect(problems).toMatchObject([{ kind: 'uncovered', host: 'pve', guests: [{ ref: { vmid: 102 } }] }]);
    expect(makePlan(site({ backups: [policy('all')], guards }), known).problems).toEqual([]);
  });
});

describe('a guest that several policies select', () => {
  const gold = policy('gold', { rpoMs: 3_600_000 });
  const all = policy('all', { backupMode: 'stop' });

  it('is dumped once for a repository, in the first mode that a policy states', () => {
    const plan = makePlan(site({ backups: [gold, all] }), facts({ pve: inventory([guest('qemu/101')]) }));
    expect(plan.backups).toMatchObject([{ policies: ['gold', 'all'], mode: 'stop' }]);
  });

  it('is dumped once for each repository, in the mode of the host where no policy states one', () => {
    const away = policy('away', { repository: 'away' });
    const plan = makePlan(
      site({ hosts: [host('pve', { backupMode: 'suspend' })], backups: [gold, away] }),
      facts({ pve: inventory([guest('qemu/101')]) }, { main: [], away: [] }),
    );
    expect(plan.backups).toMatchObject([
      { repository: 'main', policies: ['gold'], mode: 'suspend' },
      { repository: 'away', policies: ['away'], mode: 'suspend' },
    ]);
  });
});

describe('a cluster that several host entries lead into', () => {
  const nodes = ['pve1', 'pve2', 'pve3'].map((name) => ({ name: node(name), online: name !== 'pve3' }));
  const members = [
    guest('qemu/101', { node: node('pve1') }),
    guest('qemu/102', { node: node('pve2') }),
    guest('qemu/103', { node: node('pve3') }),
  ];
  const seenFrom = (name: string) => inventory(members, { localNode: node(name), nodes });
  const hosts = [host('one'), host('two')];
  const known = facts({ one: seenFrom('pve1'), two: seenFrom('pve2') });

  it('has each guest once, by way of the node where it lives', () => {
    const plan = makePlan(site({ hosts, backups: [policy('p', { hosts: ['one', 'two'] })] }), known);
    expect(plan.backups.map((action) => [action.host, action.guest.ref.vmid])).toEqual([
      ['one', 101],
      ['two', 102],
    ]);
  });

  it('has an offline node once, with the guests that it holds', () => {
    const plan = makePlan(site({ hosts, backups: [policy('p', { hosts: ['one', 'two'] })] }), known);
    expect(plan.problems).toMatchObject([
      { kind: 'node-offline', host: 'one', node: 'pve3', guests: [{ ref: { vmid: 103 } }] },
    ]);
  });

  it('has no way to a guest on another node when only one entry is given to the policy', () => {
    const plan = makePlan(site({ hosts, backups: [policy('p', { hosts: ['one'] })] }), known);
    expect(refs(plan.backups)).toEqual(['qemu/101']);
    expect(plan.problems.slice(1)).toMatchObject([
      { kind: 'guest-on-other-node', host: 'one', guest: { ref: { vmid: 102 } }, policies: ['p'] },
    ]);
  });

  it('lists an uncovered guest once', () => {
    expect(refs(makePlan(site({ hosts }), known).uncovered)).toEqual(['qemu/101', 'qemu/102', 'qemu/103']);
  });
});
