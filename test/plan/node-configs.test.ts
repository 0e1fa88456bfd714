import { describe, expect, it } from 'vitest';
import type { HostEntry } from '../../src/config/site.ts';
import type { Facts, NodeSnapshot } from '../../src/plan/facts.ts';
import { toGuestSnapshot } from '../../src/plan/guest-snapshot.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { NodeConfigPlan } from '../../src/plan/node-config-plan.ts';
import { toNodeSnapshot } from '../../src/plan/node-snapshot.ts';
import type { ResticSnapshot } from '../../src/plan/restic-snapshot.ts';
import {
  facts,
  guest,
  HOUR,
  host,
  inventory,
  NOW,
  node,
  policy,
  refs,
  site,
  snapshotId,
} from './sample-site.ts';

const nodes = [
  { name: node('fra1'), online: true, address: '10.0.0.1' },
  { name: node('fra2'), online: true, address: '10.0.0.2' },
  { name: node('fra3'), online: false, address: '10.0.0.3' },
];
const ssh: HostEntry['access'] = {
  kind: 'ssh',
  addresses: [{ host: '10.0.0.1', port: 22 }],
  username: 'root',
  login: { kind: 'agent' },
  hostKeys: { kind: 'fingerprints', sha256: [] },
};
const fra = host('fra', { access: ssh, configBackup: true });
const seen = inventory([guest('qemu/101', { node: node('fra1') })], { localNode: node('fra1'), nodes });
const daily = policy('daily', { hosts: ['fra'] });

function kept(name: string, ageMs: number, entry: Partial<NodeSnapshot> = {}): NodeSnapshot {
  return { id: snapshotId(`${ageMs}`), time: NOW - ageMs, hostId: 'fra', node: node(name), ...entry };
}

function withKept(known: Facts, ...nodeSnapshots: readonly NodeSnapshot[]): Facts {
  const repositories = [...known.repositories].map(
    ([name, one]) => [name, { ...one, nodeSnapshots }] as const,
  );
  return { ...known, repositories: new Map(repositories) };
}

/** `fra/fra1 in main: never-backed-up` */
function verdicts({ due, fresh }: NodeConfigPlan): readonly string[] {
  return [
    ...due.map((one) => `${one.host}/${one.node} in ${one.repository}: ${one.reason.kind}`),
    ...fresh.map((one) => `${one.host}/${one.node} in ${one.repository}: fresh`),
  ];
}

describe("nodes' own configurations", () => {
  const one = facts({ fra: seen });
  const away = facts({ fra: seen }, { main: [], away: [] });
  const both = { main: { name: 'main', path: '/r', password: { kind: 'env', name: 'P' } } } as const;
  it.each<[string, ReturnType<typeof site>, Facts, readonly string[]]>([
    ['are left alone unless asked for', site({ hosts: [host('fra')], backups: [daily] }), one, []],
    [
      'are kept of each node that is on',
      site({ hosts: [fra], backups: [daily] }),
      one,
      ['fra/fra1 in main: never-backed-up', 'fra/fra2 in main: never-backed-up'],
    ],
    [
      'are as fresh as the shortest rpo of the policies asks',
      site({
        hosts: [fra],
        backups: [daily, policy('often', { hosts: ['fra'], rpoMs: 6 * HOUR })],
        cadenceMs: HOUR,
      }),
      withKept(one, kept('fra1', 8 * HOUR), kept('fra2', 2 * HOUR)),
      ['fra/fra1 in main: too-old', 'fra/fra2 in main: fresh'],
    ],
    [
      'are in every repository that a policy names',
      site({ hosts: [fra], backups: [daily, policy('away', { hosts: ['fra'], repository: 'away' })] }),
      away,
      [
        'fra/fra1 in main: never-backed-up',
        'fra/fra1 in away: never-backed-up',
        'fra/fra2 in main: never-backed-up',
        'fra/fra2 in away: never-backed-up',
      ],
    ],
    [
      'of a host without policies are in the first repository, as often as it runs',
      site({ hosts: [fra], repositories: new Map(Object.entries(both)) }),
      withKept(one, kept('fra1', 13 * HOUR), kept('fra2', 11 * HOUR)),
      ['fra/fra1 in main: too-old-before-next-run', 'fra/fra2 in main: fresh'],
    ],
    [
      'are kept once, where several entries lead into a cluster, by the one whose own node it is',
      site({ hosts: [fra, { ...fra, name: 'fra-b', id: 'fra-b' }], backups: [daily] }),
      facts({ fra: seen, 'fra-b': { ...seen, localNode: node('fra2') } }),
      ['fra/fra1 in main: never-backed-up', 'fra-b/fra2 in main: never-backed-up'],
    ],
    [
      'are not asked of other nodes by a local entry',
      site({ hosts: [{ ...fra, access: { kind: 'local' } }], backups: [daily] }),
      one,
      ['fra/fra1 in main: never-backed-up'],
    ],
    [
      'of a node with the same name elsewhere, or from the future, prove nothing',
      site({ hosts: [fra], backups: [daily] }),
      withKept(one, kept('fra1', HOUR, { hostId: 'berlin' }), kept('fra2', -3 * HOUR)),
      ['fra/fra1 in main: never-backed-up', 'fra/fra2 in main: clock-behind'],
    ],
  ])('%s', (_, declared, known, expected) => {
    expect(verdicts(makePlan(declared, known).nodeConfigs)).toEqual(expected);
  });

  it('of a node without a way are a problem when they are due', () => {
    const noAddress = [
      { name: node('fra1'), online: true },
      { name: node('fra2'), online: true },
    ];
    const known = facts({ fra: { ...seen, nodes: noAddress } });
    const declared = site({ hosts: [fra], backups: [daily] });
    const plan = makePlan(declared, known);
    expect(plan.problems).toEqual([{ kind: 'node-config-elsewhere', host: 'fra', node: 'fra2' }]);
    expect(verdicts(plan.nodeConfigs)).toEqual(['fra/fra1 in main: never-backed-up']);
    expect(makePlan(declared, withKept(known, kept('fra2', HOUR))).problems).toEqual([]);
  });
});

describe('a restic snapshot of a node', () => {
  const snapshot: ResticSnapshot = {
    id: snapshotId('ab'),
    time: '2026-11-23T02:00:00+01:00',
    hostname: 'fra',
    paths: ['/node/fra1'],
    tags: ['pvebak', 'node=fra1', 'run=r7'],
  };

  it('is read as such, and is no guest', () => {
    const read = { id: snapshot.id, time: NOW, hostId: 'fra', node: 'fra1', run: 'r7' };
    expect(toNodeSnapshot(snapshot)).toEqual(read);
    const original = snapshotId('cd');
    expect(toNodeSnapshot({ ...snapshot, original })).toEqual({ ...read, original });
    expect(toGuestSnapshot(snapshot)).toBeUndefined();
  });

  it.each<[string, Partial<ResticSnapshot>]>([
    ['without the tag pvebak', { tags: ['node=fra1'] }],
    ['without its node', { tags: ['pvebak'] }],
    ['with the tag of another node', { tags: ['pvebak', 'node=fra2'] }],
    ['of a guest', { paths: ['/qemu/101'], tags: ['pvebak', 'guest=0123456789abcdef'] }],
    ['with a path below', { paths: ['/node/fra1/archive'] }],
    ['with a name that is none', { paths: ['/node/-'], tags: ['pvebak', 'node=-'] }],
    ['with two paths', { paths: ['/node/fra1', '/node/fra2'] }],
    ['with a time that is none', { time: 'yesterday' }],
  ])('%s is none', (_, changes) => {
    expect(toNodeSnapshot({ ...snapshot, ...changes })).toBeUndefined();
  });
});

describe('options of vzdump that the node does not know', () => {
  const vzdump = { excludePath: [], fleecing: {}, performance: { maxWorkers: 4 } };
  const disk = { key: 'scsi0', storage: 'local-lvm' };
  it.each([
    ['8.4.21', []],
    ['8.1.4', ['fleecing']],
    ['7.2-3', ['fleecing', 'performance']],
  ])('by its version %s are a note: %j', (version, options) => {
    const old = inventory([guest('qemu/101', { volumes: [disk] })], {
      version: { release: version, version },
    });
    const declared = site({ hosts: [host('pve', { vzdump })], backups: [policy('p')] });
    const notes = makePlan(declared, facts({ pve: old })).notes;
    expect(notes).toEqual(
      options.length === 0 ? [] : [{ kind: 'vzdump-option-unknown', host: 'pve', version, options }],
    );
  });
});

describe('fleecing without a storage of its own', () => {
  const vzdump = { excludePath: [], fleecing: {} };
  it.each([
    [
      'VM whose first disk is on no storage',
      guest('qemu/101', { volumes: [{ key: 'scsi0' }] }),
      ['qemu/101'],
    ],
    [
      'VM whose disk is on a storage',
      guest('qemu/101', { volumes: [{ key: 'scsi0', storage: 'ceph' }] }),
      [],
    ],
    ['VM that has no disk', guest('qemu/101', { volumes: [{ key: 'ide2', leftOut: 'cdrom' }] }), []],
    ['container, which knows none', guest('lxc/105', { volumes: [{ key: 'rootfs' }] }), []],
  ])('of a %s', (_, given, without) => {
    const declared = site({ hosts: [host('pve', { vzdump })], backups: [policy('p')] });
    const notes = makePlan(declared, facts({ pve: inventory([given]) })).notes;
    const named = notes.flatMap((note) => (note.kind === 'fleecing-nowhere' ? note.guests : []));
    expect(refs(named.map((label) => ({ guest: label })))).toEqual(without);
  });
});
