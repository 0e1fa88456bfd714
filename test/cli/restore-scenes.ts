import type { RestoreGroup, RestoreIntent } from '../../src/config/site.ts';
import type { Facts, RepositoryFacts } from '../../src/plan/facts.ts';
import type { GuestContents } from '../../src/pve/guest-contents.ts';
import {
  backup,
  facts,
  guest,
  HOUR,
  host,
  intent,
  inventory,
  node,
  ref,
  site,
  snapshotId,
  vmid,
} from '../plan/sample-site.ts';
import type { Scene } from './plan-scenes.ts';

const GIB = 2 ** 30;
const LAB = 'bb'.repeat(32);

const erp = guest('qemu/212');
const web = guest('qemu/101');
const gitea = guest('lxc/105');
const held = [
  backup(erp, 26 * HOUR, { id: snapshotId('e0') }),
  backup(erp, 2 * HOUR, { id: snapshotId('e1') }),
  backup(web, 3 * HOUR, { id: snapshotId('a1') }),
  backup(gitea, 4 * HOUR, { id: snapshotId('c1') }),
];

const contents = new Map<string, GuestContents>([
  [
    snapshotId('e1'),
    {
      name: 'erp-db',
      node: 'fra1',
      pool: 'prod',
      tags: [],
      startOrder: 1,
      volumes: [{ storage: 'ceph', bytes: 1500 * GIB, dataBytes: 900 * GIB }],
      bridges: ['vmbr1'],
    },
  ],
  [
    snapshotId('a1'),
    {
      name: 'web-1',
      node: 'fra2',
      pool: 'prod',
      tags: ['gold'],
      startOrder: 2,
      volumes: [{ storage: 'ceph', bytes: 700 * GIB, dataBytes: 3 * GIB }],
      bridges: ['vmbr1', 'vmbr7'],
    },
  ],
  [
    snapshotId('c1'),
    {
      name: 'gitea',
      node: 'fra1',
      pool: 'dev',
      tags: ['gold', 'git'],
      volumes: [{ storage: 'nfs', bytes: 8 * GIB, dataBytes: 2 * GIB }],
      bridges: ['vmbr0'],
    },
  ],
]);

function storage(name: string, type: string, totalBytes: number) {
  return {
    node: node('lab1'),
    storage: name,
    type,
    available: true,
    shared: false,
    content: ['images', 'rootdir'],
    totalBytes,
    usedBytes: 0,
  };
}

const there = [
  guest('qemu/1212', { name: 'erp-copy', node: node('lab1') }),
  guest('lxc/1105', { name: 'gitea-copy', node: node('lab1'), status: 'stopped' }),
];

/** The lab as it is asked when the other site is silent. */
const lab = inventory(there, {
  clusterFingerprint: LAB,
  localNode: node('lab1'),
  nodes: [{ name: node('lab1'), online: true, bridges: ['vmbr0', 'vmbr2'] }],
  storages: [storage('thin', 'lvmthin', 1000 * GIB), storage('thick', 'lvm', 1000 * GIB)],
});

function knowing(given: Facts, more: Partial<RepositoryFacts>): Facts {
  const repositories = [...given.repositories].map(([name, one]) => [name, { ...one, ...more }] as const);
  return { ...given, repositories: new Map(repositories) };
}

function toLab(id: number, entry: Partial<RestoreIntent['to']> = {}): RestoreIntent['to'] {
  return { host: 'lab', vmid: vmid(id), unique: false, start: false, ...entry };
}

const bridge = new Map([['vmbr1', 'vmbr2']]);
const onto = (name: string) => ({ map: { storage: new Map([['ceph', name]]), bridge } });

/** Copies that follow their originals, and what the target has no room or bridge for. */
export const copies: Scene = {
  site: site({
    hosts: [host('pve'), host('lab')],
    restores: [
      intent('mirror', {
        guest: erp.ref,
        when: 'changed',
        onExisting: 'replace',
        to: toLab(1212),
        ...onto('thin'),
      }),
      intent('same', {
        guest: gitea.ref,
        when: 'changed',
        onExisting: 'replace',
        to: toLab(1105, { storage: 'thin' }),
      }),
      intent('web', { to: toLab(1101), ...onto('thin') }),
      intent('web-thick', { to: toLab(1102), ...onto('thick') }),
      intent('web-again', { to: toLab(1103), ...onto('thick') }),
      intent('web-started', { to: toLab(1104, { start: true }), ...onto('thin') }),
      intent('gitea', { guest: gitea.ref, to: toLab(1106) }),
    ],
  }),
  facts: knowing(facts({ pve: 'no route to host', lab }, held), {
    contents,
    restored: new Map([
      [`${LAB} 1212`, { snapshot: snapshotId('e0'), line: there[0]?.identity.line ?? '', restoredAt: 0 }],
      [`${LAB} 1105`, { snapshot: snapshotId('c1'), line: there[1]?.identity.line ?? '', restoredAt: 0 }],
    ]),
  }),
};

function group(name: string, entry: Partial<RestoreGroup> = {}): RestoreGroup {
  return {
    name,
    repository: 'main',
    select: { fromHostId: 'pve', pool: 'prod', tags: [] },
    to: { host: 'lab', vmidOffset: 2000, unique: true, start: false },
    order: { kind: 'startup' },
    onExisting: 'fail',
    manual: false,
    map: {
      storage: new Map([
        ['ceph', 'thin'],
        ['nfs', 'thin'],
      ]),
      bridge,
    },
    ...entry,
  };
}

/** A site is silent, and its guests are to come up elsewhere: by pool, by tag, by node, and what cannot be selected. */
export const disaster: Scene = {
  site: site({
    hosts: [host('pve'), host('lab'), host('off')],
    restores: [
      group('production'),
      group('gold', {
        select: { fromHostId: 'pve', tags: ['gold'] },
        to: { host: 'lab', vmidOffset: 3000, unique: true, start: false },
        order: { kind: 'guests', guests: [gitea.ref, ref('qemu/999')] },
      }),
      group('by-node', {
        select: { fromHostId: 'pve', node: 'fra1', tags: ['git'] },
        to: { host: 'lab', vmidOffset: 4000, unique: true, start: false },
      }),
      group('all', {
        select: { fromHostId: 'pve', tags: [] },
        to: { host: 'lab', vmidOffset: 1000, unique: true, start: false },
      }),
      group('nothing', { select: { fromHostId: 'pve', pool: 'test', tags: [] } }),
      group('wrong-place', {
        map: { storage: new Map([['ceph', 'slow']]), bridge },
        to: { host: 'lab', vmidOffset: 5000, unique: true, start: false },
      }),
      group('elsewhere', { to: { host: 'off', vmidOffset: 0, unique: true, start: false } }),
      group('some-day', { manual: true }),
    ],
  }),
  facts: knowing(facts({ pve: 'no route to host', lab, off: 'no route to host' }, held), { contents }),
};
