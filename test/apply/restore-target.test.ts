/** What stands against a restore right before it, and what is said after one that failed. */
import { describe, expect, test } from 'vitest';
import { restoreRoom } from '../../src/apply/restore-room.ts';
import { stateAfterFailure } from '../../src/apply/restore-state.ts';
import { parseNodeStorages, type TargetFacts } from '../../src/apply/restore-target-facts.ts';
import { restoreTargetFaults, type WantedOfTarget } from '../../src/apply/restore-target-faults.ts';
import type { Leftover } from '../../src/pve/wrapper/leftovers.ts';
import { node, ref } from '../plan/sample-site.ts';

const GiB = 2 ** 30;
const storage = (name: string, type: string, freeBytes: number) => ({
  storage: name,
  type,
  active: true,
  content: ['images', 'rootdir'],
  freeBytes,
});
const facts: TargetFacts = {
  node: node('pve1'),
  found: undefined,
  storages: [
    storage('thick', 'lvm', 10 * GiB),
    storage('thin', 'lvmthin', 10 * GiB),
    storage('zfs', 'zfspool', 10 * GiB),
    { ...storage('off', 'dir', GiB), active: false },
    { ...storage('iso', 'dir', GiB), content: ['iso'] },
  ],
  pools: ['lab'],
  bridges: ['vmbr0'],
};
const wanted: WantedOfTarget = {
  target: ref('qemu/101'),
  replace: false,
  needs: new Map(),
  archiveBytes: undefined,
  pool: undefined,
  bridges: [],
  access: { found: [], allowed: [] },
};
const ARGS = { line: 'args: -x', reason: 'qemu-arguments' } as const;
const web = {
  type: 'qemu',
  node: node('pve1'),
  config: 'name: web\nscsi0: thick:vm-101-disk-0,size=8G\n',
} as const;

describe('a restore is refused when', () => {
  test.for<[string, Partial<TargetFacts>, Partial<WantedOfTarget>, string, string]>([
    ['the vmid is taken', { found: web }, {}, 'qemu/101 exists already on node pve1', 'choose a free vmid'],
    [
      'a guest of the other type has the vmid',
      { found: { ...web, type: 'lxc' } },
      { replace: true },
      'the vmid 101 is used by lxc/101 on node pve1',
      'choose another vmid',
    ],
    [
      'the guest is on another node',
      { found: { ...web, node: node('pve2') } },
      { replace: true },
      'qemu/101 is on node pve2, and the restore goes to pve1',
      'restore through pve2, or migrate it to pve1 first',
    ],
    [
      'the guest is locked',
      { found: { ...web, config: 'lock: backup\n' } },
      { replace: true },
      'qemu/101 is locked (backup)',
      'qm unlock 101',
    ],
    [
      'the guest is protected',
      { found: { ...web, config: 'protection: 1\n' } },
      { replace: true },
      'qemu/101 is protected',
      'qm set 101 --protection 0',
    ],
    [
      'the storage is not there',
      {},
      { needs: new Map([['ceph', 1]]) },
      'the storage ceph does not exist on pve1',
      '--map-storage ceph=NAME, with one of: thick, thin, zfs',
    ],
    [
      'the storage is off',
      {},
      { needs: new Map([['off', 1]]) },
      'the storage off is not active on pve1',
      'NAME',
    ],
    [
      'the storage takes no disks',
      {},
      { needs: new Map([['iso', 1]]) },
      'the storage iso does not take disks of VMs (content: images) on pve1',
      'NAME',
    ],
    [
      'a thick storage has no room for the whole sizes',
      {},
      { needs: new Map([['thick', 11 * GiB]]) },
      'the storage thick on pve1 has 10240 MiB free, and the guest takes 11264 MiB',
      'make room there',
    ],
    [
      'a thin storage has no room for the data',
      {},
      { needs: new Map([['thin', 90 * GiB]]), archiveBytes: 11 * GiB },
      'the storage thin on pve1 has 10240 MiB free, and the guest takes 11264 MiB',
      'make room there',
    ],
    ['the pool is not there', {}, { pool: 'prod' }, 'there is no pool prod on pve1', 'create it first'],
    [
      'a bridge is not there',
      {},
      { bridges: ['vmbr0', 'vmbr7'] },
      'there is no bridge vmbr7 on pve1',
      '--map-bridge vmbr7=NAME, with one of: vmbr0',
    ],
    [
      'its configuration reaches the node',
      {},
      { access: { found: [ARGS], allowed: [] } },
      'its configuration would reach the node: args: -x (arguments of QEMU, which runs as root)',
      '--allow host-access',
    ],
    [
      'that is new for the guest which is overwritten',
      { found: { ...web, config: 'args: -y\n[snap]\nargs: -x\n' } },
      { replace: true, access: { found: [ARGS], allowed: ['args: -z'] } },
      'its configuration would reach the node: args: -x (arguments of QEMU, which runs as root)',
      '--allow host-access',
    ],
  ])('%s', ([, found, want, message, hint]) => {
    const faults = restoreTargetFaults({ ...facts, ...found }, { ...wanted, ...want });
    expect(faults.map((fault) => fault.message)).toEqual([message]);
    expect(faults[0]?.hint).toContain(hint);
  });

  test.for<[string, Partial<TargetFacts>, Partial<WantedOfTarget>]>([
    ['was allowed', {}, { access: { found: [ARGS], allowed: ['args: -x'] } }],
    [
      'is there already',
      { found: { ...web, config: 'args: -x\n' } },
      { replace: true, access: { found: [ARGS], allowed: [] } },
    ],
  ])('not when what reaches the node %s', ([, found, want]) => {
    expect(restoreTargetFaults({ ...facts, ...found }, { ...wanted, ...want })).toEqual([]);
  });

  test('several things are wrong, and says all of them', () => {
    const faults = restoreTargetFaults(
      { ...facts, found: { ...web, config: 'lock: migrate\nprotection: 1\n' } },
      { ...wanted, replace: true, pool: 'prod', needs: new Map([['ceph', 1]]) },
    );
    expect(faults).toHaveLength(4);
  });
});

describe('a restore is not refused', () => {
  test.for<[string, Partial<TargetFacts>, Partial<WantedOfTarget>]>([
    ['for a guest that runs and may be replaced', { found: web }, { replace: true }],
    [
      'for the room that the overwritten guest has',
      { found: web },
      { replace: true, needs: new Map([['thick', 18 * GiB]]) },
    ],
    ['for more thin volumes than there is room', {}, { needs: new Map([['thin', 90 * GiB]]) }],
    ['for data that zfs may compress', {}, { needs: new Map([['zfs', 90 * GiB]]), archiveBytes: 11 * GiB }],
    ['for a bridge, where none is known', { bridges: [] }, { bridges: ['vmbr7'] }],
  ])('%s', ([, found, want]) => {
    expect(restoreTargetFaults({ ...facts, ...found }, { ...wanted, ...want })).toEqual([]);
  });

  test('but thin volumes that state more than there is are noted', () => {
    expect(restoreRoom(facts, { ...wanted, needs: new Map([['thin', 90 * GiB]]) }).notes).toEqual([
      'the storage thin has less room than the volumes state; it may fill up later',
    ]);
  });
});

test('storages of a node are read from what pvesh prints, whatever else is in it', () => {
  const rows = [
    { storage: 'local', type: 'dir', active: 1, content: 'images,iso', avail: 5, shared: 0 },
    { storage: 'off', type: 'nfs', active: 0, content: '' },
    'nonsense',
    null,
    { type: 'dir' },
  ];
  expect(parseNodeStorages(JSON.stringify(rows))).toEqual([
    { storage: 'local', type: 'dir', active: true, content: ['images', 'iso'], freeBytes: 5 },
    { storage: 'off', type: 'nfs', active: false, content: [''], freeBytes: 0 },
  ]);
  expect(parseNodeStorages('{}')).toEqual([]);
});

describe('after a restore that failed', () => {
  const lock: Leftover = { kind: 'lock', what: 'create', command: ['pct', 'unlock', '105'] };
  const stub: Leftover = { kind: 'stub', what: 'qemu/101', command: ['qm', 'destroy', '101'] };
  const worker: Leftover = { kind: 'worker', what: 'UPID:x', command: ['kill', '7'] };
  const archive: Leftover = { kind: 'staged-archive', what: '/d/a', command: ['rm', '-rf', '--', '/d/a'] };
  const [vm, ct] = [ref('qemu/101'), ref('lxc/105')];
  const old = 'name: web\n';

  test.for([
    [ct, undefined, undefined, [], 'nothing of lxc/105 is left on the node', ['restore again']],
    [
      ct,
      old,
      undefined,
      [],
      'lxc/105 is gone: what was there was removed to be replaced',
      ['restore again; the vmid is free'],
    ],
    [
      vm,
      undefined,
      'memory: 128\n',
      [stub],
      'only a stub of qemu/101 is left, without disks',
      ['qm destroy 101, and restore again; or restore again with replacing allowed'],
    ],
    [
      vm,
      old,
      'memory: 128\n',
      [stub, archive],
      'only a stub of qemu/101 is left, without disks; the disks that it had are gone',
      ['rm -rf -- /d/a', 'qm destroy 101, and restore again; or restore again with replacing allowed'],
    ],
    [vm, old, old, [], 'qemu/101 is as it was before, but stopped', ['qm start 101']],
    [
      ct,
      old,
      'lock: create\n',
      [lock],
      'lxc/105 may hold neither its old nor its new state',
      ['pct unlock 105', 'look: pct config 105', 'restore again, with replacing allowed'],
    ],
    [
      vm,
      old,
      old,
      [worker],
      'the node goes on with qemu/101 by itself',
      ['let it end, then look: qm config 101'],
    ],
  ] as const)('%o that had %j and has %j', ([target, before, now, leftovers, state, next]) => {
    expect(stateAfterFailure({ target, before, now, wasStopped: true, leftovers })).toEqual({ state, next });
  });

  test('a guest that did not run and was not touched needs nothing', () => {
    const after = { target: vm, before: old, now: old, wasStopped: false, leftovers: [] };
    expect(stateAfterFailure(after)).toEqual({ state: 'qemu/101 is as it was before', next: [] });
  });
});
