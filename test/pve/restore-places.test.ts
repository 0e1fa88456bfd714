import { describe, expect, test } from 'vitest';
import { containerRestoreOptions } from '../../src/pve/container-restore-options.ts';
import { guestBridges, mappedNetworkCards } from '../../src/pve/guest-bridges.ts';
import { parseGuestConfig } from '../../src/pve/guest-config.ts';
import { targetStorage, vmDiskStorages } from '../../src/pve/target-storage.ts';

describe('the storage of a restored volume', () => {
  const mapStorage = new Map([['local-lvm', 'ceph']]);
  test.for([
    ['local-lvm', {}, 'local-lvm'],
    ['local-lvm', { storage: 'fast' }, 'fast'],
    ['local-lvm', { mapStorage }, 'ceph'],
    ['local-lvm', { mapStorage, storage: 'fast' }, 'ceph'],
    ['zfs', { mapStorage, storage: 'fast' }, 'fast'],
    ['zfs', { mapStorage }, 'zfs'],
    [undefined, { mapStorage, storage: 'fast' }, 'fast'],
    [undefined, { mapStorage }, undefined],
  ] as const)('%s, with %j, is %s', ([original, choice, expected]) => {
    expect(targetStorage(original, choice)).toBe(expected);
  });

  test('is said for each disk of a VM, by what the archive notes or else by its configuration', () => {
    const config = parseGuestConfig(
      'qemu',
      [
        'scsi0: local-lvm:vm-101-disk-0,size=8G',
        'scsi1: zfs:vm-101-disk-1,size=8G',
        'virtio0: file=local-lvm:vm-101-disk-2,size=1G',
        'sata0: /dev/sdb',
        '#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:',
        '#qmdump#map:scsi1:drive-scsi1:zfs:raw:',
        '#qmdump#map:virtio0:drive-virtio0:::',
        '#qmdump#map:sata0:drive-sata0:::',
      ].join('\n'),
    );
    expect([...vmDiskStorages(config, { mapStorage })]).toEqual([
      ['scsi0', 'ceph'],
      ['scsi1', 'zfs'],
      ['virtio0', 'ceph'],
    ]);
  });
});

describe('a container that is streamed', () => {
  const nothing = { mountPoints: [], unprivileged: false, template: false, empty: [], leftOut: [] };

  test.for([
    ['rootfs: local-lvm:vm-201-disk-0,size=8G', {}, 'local-lvm:8'],
    ['rootfs: local-lvm:vm-201-disk-0,size=31458K', {}, 'local-lvm:0.031'],
    ['rootfs: local-lvm:vm-201-disk-0,size=8193M', {}, 'local-lvm:8.001'],
    ['rootfs: local-zfs:subvol-201-disk-0,size=2T', {}, 'local-zfs:2048'],
    ['rootfs: local:201/subvol-201-disk-0.subvol,size=0T', {}, 'local:0'],
    [
      'rootfs: volume=local:201/x,acl=1,size=4G,mountoptions=noatime;nosuid',
      {},
      'local:4,acl=1,mountoptions=noatime;nosuid',
    ],
    ['rootfs: local-lvm:vm-201-disk-0,size=8G', { storage: 'ceph' }, 'ceph:8'],
    [
      'rootfs: local-lvm:x,size=8G',
      { mapStorage: new Map([['local-lvm', 'zfs']]), storage: 'ceph' },
      'zfs:8',
    ],
  ] as const)('from %j with %j gets the root file system %s', ([text, choice, rootfs]) => {
    expect(containerRestoreOptions(parseGuestConfig('lxc', text), choice)).toEqual({ ...nothing, rootfs });
  });

  const sizeless = 'rootfs: tank:subvol-201-disk-0';
  test.for([
    [sizeless, {}, 'tank:0', [{ kind: 'size', key: 'rootfs', gib: 0 }]],
    [sizeless, { archiveBytes: 1 }, 'tank:8', [{ kind: 'size', key: 'rootfs', gib: 8 }]],
    [sizeless, { archiveBytes: 100 * 2 ** 30 }, 'tank:125', [{ kind: 'size', key: 'rootfs', gib: 125 }]],
    [
      'hostname: without',
      {},
      'local:0',
      [
        { kind: 'storage', key: 'rootfs', storage: 'local' },
        { kind: 'size', key: 'rootfs', gib: 0 },
      ],
    ],
    ['hostname: without', { storage: 'ceph' }, 'ceph:0', [{ kind: 'size', key: 'rootfs', gib: 0 }]],
  ] as const)('from %j with %j gets %s, which is said to be a guess', ([text, choice, rootfs, guesses]) => {
    const options = containerRestoreOptions(parseGuestConfig('lxc', text), choice);
    expect(options).toEqual({ ...nothing, rootfs, guesses });
  });

  test('gets back its volumes, and is told which of them are empty and what belongs to the old node', () => {
    const config = parseGuestConfig(
      'lxc',
      [
        'mp10: fast:205/vm-205-disk-2.raw,mp=/late,backup=1,size=1G',
        'mp0: fast:205/subvol-205-disk-0.subvol,mp=/data,backup=1,size=8G',
        'mp1: fast:205/subvol-205-disk-1.subvol,mp=/scratch,ro=1,size=0T',
        'mp2: /var/lib/vz/bindsrc,mp=/bind,backup=1',
        'mp3: volume=/dev/sdb1,mp=/dev-one',
        'rootfs: local:205/vm-205-disk-0.raw,size=4G',
        'template: 1',
        'unprivileged: 1',
        'lxc.mount.entry: /x x none bind',
      ].join('\n'),
    );
    expect(containerRestoreOptions(config, { mapStorage: new Map([['fast', 'ceph']]) })).toEqual({
      rootfs: 'local:4',
      mountPoints: [
        { key: 'mp0', value: 'ceph:8,mp=/data,backup=1' },
        { key: 'mp1', value: 'ceph:0,mp=/scratch,ro=1' },
        { key: 'mp10', value: 'ceph:1,mp=/late,backup=1' },
      ],
      unprivileged: true,
      template: true,
      empty: ['mp1'],
      leftOut: [
        { key: 'mp2', reason: 'bind mount', line: 'mp2: /var/lib/vz/bindsrc,mp=/bind,backup=1' },
        { key: 'mp3', reason: 'device', line: 'mp3: volume=/dev/sdb1,mp=/dev-one' },
      ],
    });
  });
});

describe('the bridges of a guest', () => {
  const { values } = parseGuestConfig(
    'qemu',
    'net0: virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=5\nnet1: e1000=BC:24:11:00:00:02\nnet2: bridge=vmbr0,model=virtio\nnet3: virtio,bridge=vmbr1',
  );

  test('are each named once', () => {
    expect(guestBridges(values)).toEqual(['vmbr1', 'vmbr0']);
  });

  test('are mapped without touching anything else', () => {
    const map = new Map([
      ['vmbr1', 'vmbr9'],
      ['vmbr5', 'vmbr6'],
    ]);
    expect(mappedNetworkCards(values, map)).toEqual({
      net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr9,tag=5',
      net3: 'virtio,bridge=vmbr9',
    });
    expect(mappedNetworkCards(values, new Map([['vmbr0', '$&']]))).toEqual({
      net2: 'bridge=$&,model=virtio',
    });
    expect(mappedNetworkCards(values, new Map())).toEqual({});
  });
});
