import { describe, expect, it } from 'vitest';
import { parseGuestRef } from '../../src/pve/guest.ts';
import { parseGuestConfig } from '../../src/pve/guest-config.ts';
import { guestContents } from '../../src/snapshot/guest-contents.ts';
import { parseRecordedGuest } from '../../src/snapshot/guest-record.ts';

function contents(ref: string, config: string, record: unknown) {
  const guest = parseGuestRef(ref);
  if (guest === undefined) throw new Error('no guest');
  const json = Buffer.from(typeof record === 'string' ? record : JSON.stringify(record));
  return guestContents(parseRecordedGuest(json), parseGuestConfig(guest.type, config), guest);
}

const VM = [
  'name: web-1',
  'tags: gold;web',
  'startup: order=3,up=30',
  'net0: virtio=BC:24:11:00:00:01,bridge=vmbr1',
  'net1: virtio=BC:24:11:00:00:02,bridge=vmbr2,tag=7',
  'scsi0: ceph:vm-101-disk-0,size=32G',
  'efidisk0: local-lvm:vm-101-disk-1,size=528K',
  'ide2: local:iso/debian.iso,media=cdrom',
  '#qmdump#map:scsi0:drive-scsi0:ceph:raw:',
  '#qmdump#map:efidisk0:drive-efidisk0:local-lvm:raw:',
  '',
].join('\n');

describe('what a snapshot says of its guest', () => {
  it('is of a VM what comes back, with the data of its disks', () => {
    const record = {
      guest: { name: 'old-name', tags: ['old'], pool: 'prod/web' },
      node: 'fra1',
      disks: [
        { device: 'drive-scsi0', size: 100, zeroBytes: 70 },
        { device: 'drive-efidisk0', size: 10, zeroBytes: 20 },
      ],
    };
    expect(contents('qemu/101', VM, record)).toEqual({
      name: 'web-1',
      node: 'fra1',
      pool: 'prod/web',
      tags: ['gold', 'web'],
      startOrder: 3,
      volumes: [
        { storage: 'ceph', bytes: 32 * 2 ** 30, dataBytes: 30 },
        { storage: 'local-lvm', bytes: 528 * 1024 },
      ],
      bridges: ['vmbr1', 'vmbr2'],
    });
  });

  it.each([
    ['all of the archive, with one volume', '', [{ storage: 'nfs', bytes: 8 * 2 ** 30, dataBytes: 5000 }]],
    [
      'no data of each, with several; what is bound from the node is not made',
      'mp0: nfs:subvol-105-disk-1,mp=/srv,size=1G\nmp1: /mnt/data,mp=/data\n',
      [
        { storage: 'nfs', bytes: 8 * 2 ** 30 },
        { storage: 'nfs', bytes: 2 ** 30 },
      ],
    ],
  ])('is of a container %s', (_, more, volumes) => {
    const config = `hostname: git\nstartup: 7\nrootfs: nfs:subvol-105-disk-0,size=8G\n${more}`;
    expect(contents('lxc/105', config, { archive: { size: 5000 } })).toMatchObject({
      name: 'git',
      startOrder: 7,
      tags: [],
      volumes,
    });
  });

  it.each([
    ['no record', ''],
    ['a record that is no JSON', '{'],
    [
      'a record of other types',
      { guest: { name: 7, pool: [], tags: 'a' }, node: {}, disks: [7, { size: -1 }] },
    ],
  ])('is what the configuration tells with %s', (_, record) => {
    const { volumes, ...told } = contents('qemu/101', VM, record);
    expect(told).toEqual({
      name: 'web-1',
      tags: ['gold', 'web'],
      startOrder: 3,
      bridges: ['vmbr1', 'vmbr2'],
    });
    expect(volumes.map(({ dataBytes }) => dataBytes)).toEqual([undefined, undefined]);
  });

  it('is what was noted where there is no configuration', () => {
    const record = { guest: { name: 'web-1', tags: ['gold'], pool: 'prod' }, node: 'fra1' };
    expect(contents('qemu/101', '', record)).toEqual({
      name: 'web-1',
      node: 'fra1',
      pool: 'prod',
      tags: ['gold'],
      volumes: [],
      bridges: [],
    });
  });
});
