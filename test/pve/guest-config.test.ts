import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseGuestConfig, parseTags } from '../../src/pve/guest-config.ts';

const vm = `#line1
#line2 %C3%BC
boot: order=scsi0;ide2;net0
efidisk0: local-lvm:vm-107-disk-2,efitype=4m,size=528K
ide2: none,media=cdrom
ide3: local-lvm:vm-107-cloudinit,media=cdrom,size=4M
lock: backup
meta: creation-qemu=10.0.13,ctime=1795367212
name: two-disks
net1: e1000=BC:24:11:00:00:02,bridge=vmbr1
net0: virtio=bc:24:11:e6:a3:55,bridge=vmbr0
scsi0: local:107/vm-107-disk-0.qcow2,size=31458K
scsi1: /dev/disk/by-id/ata-x
sata0: file=big:vm-107-disk-3,backup=no,size=2T
smbios1: uuid=EE006B58-8988-4989-930F-133AF2E31F4E,base64=1,manufacturer=QQ==
tags: b;a,c d
unused0: local:107/vm-107-disk-9.raw
unused12: /dev/disk/by-id/ata-y
virtio1: fast:107/vm-107-disk-0.raw,size=31458K
[PENDING]
name: pending
[snap1]
scsi5: local:107/x,size=1G
`;

const container = `arch: amd64
hostname: ct-mps
mp0: fast:205/subvol-205-disk-0.subvol,mp=/data,backup=1,size=8G
mp1: fast:205/subvol-205-disk-1.subvol,mp=/scratch,size=0T
mp2: /var/lib/vz/bindsrc,mp=/bind,backup=1
mp3: /dev/sdb1,mp=/dev
net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:5C:7C:2D,ip=dhcp,type=veth
rootfs: local:205/vm-205-disk-0.raw,size=4G
template: 1
unprivileged: 1
lxc.mount.entry: /x x none bind
`;

describe('the configuration of a VM', () => {
  const config = parseGuestConfig('qemu', vm);
  test('tells what it is', () => {
    expect(config).toMatchObject({
      name: 'two-disks',
      description: 'line1\nline2 ü',
      tags: ['b', 'a', 'c', 'd'],
      template: false,
      lock: 'backup',
      smbiosUuid: 'ee006b58-8988-4989-930f-133af2e31f4e',
      hardwareAddress: 'BC:24:11:E6:A3:55',
      createdAt: 1_795_367_212,
      unprivileged: false,
    });
  });

  test('tells which disks a dump reads, and why not the others', () => {
    expect(config.volumes).toEqual([
      { key: 'efidisk0', bytes: 528 * 1024, storage: 'local-lvm' },
      { key: 'ide2', leftOut: 'cdrom' },
      { key: 'ide3', bytes: 4 * 1024 ** 2, storage: 'local-lvm', leftOut: 'cdrom' },
      { key: 'scsi0', bytes: 31_458 * 1024, storage: 'local' },
      { key: 'scsi1' },
      { key: 'sata0', bytes: 2 * 1024 ** 4, storage: 'big', leftOut: 'backup=0' },
      { key: 'virtio1', bytes: 31_458 * 1024, storage: 'fast' },
    ]);
  });

  test('tells which volumes it owns and does not use', () => {
    expect(config.unusedVolumes).toEqual([
      { key: 'unused0', storage: 'local', leftOut: 'not attached' },
      { key: 'unused12', leftOut: 'not attached' },
    ]);
  });

  test('as an archive holds it names the dumped disks', () => {
    const text =
      '#a VM\nname: x\n#qmdump#map:scsi0:drive-scsi0:local:qcow2:\n#qmdump#map:virtio0:drive-virtio0:fast::\n';
    const archived = parseGuestConfig('qemu', text);
    expect(archived.description).toBe('a VM');
    expect(archived.dumpedDisks).toEqual([
      { drive: 'scsi0', device: 'drive-scsi0', storage: 'local', format: 'qcow2' },
      { drive: 'virtio0', device: 'drive-virtio0', storage: 'fast', format: '' },
    ]);
  });
});

describe('the configuration of a container', () => {
  const config = parseGuestConfig('lxc', container);
  test('tells what it is', () => {
    expect(config).toMatchObject({
      name: 'ct-mps',
      template: true,
      unprivileged: true,
      hardwareAddress: 'BC:24:11:5C:7C:2D',
      rootfs: { storage: 'local', bytes: 4 * 1024 ** 3 },
    });
  });

  test('tells which mount points a dump reads, and why not the others', () => {
    expect(config.volumes).toEqual([
      { key: 'mp0', bytes: 8 * 1024 ** 3, storage: 'fast' },
      { key: 'mp1', storage: 'fast', leftOut: 'no backup=1' },
      { key: 'mp2', leftOut: 'bind mount' },
      { key: 'mp3', leftOut: 'device' },
      { key: 'rootfs', bytes: 4 * 1024 ** 3, storage: 'local' },
    ]);
  });
});

test.for([
  [undefined, []],
  ['', []],
  ['a', ['a']],
  ['a;b', ['a', 'b']],
  [' a, b ;; c a', ['a', 'b', 'c']],
] as const)('the tags %j are %j', ([text, tags]) => {
  expect(parseTags(text)).toEqual(tags);
});

test.for([
  ['smbios1: uuid=not-one', 'smbiosUuid'],
  ['net0: virtio,bridge=vmbr0', 'hardwareAddress'],
  ['meta: ctime=soon', 'createdAt'],
  ['name:', 'name'],
] as const)('what %j does not say stays away', ([line, key]) => {
  expect(parseGuestConfig('qemu', line)).not.toHaveProperty(key);
});

test('garbage never throws', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('net0: ', 'rootfs: ,', '#%', '[', 'scsi0:', 'smbios1: uuid='),
  );
  fc.assert(
    fc.property(fc.constantFrom('qemu', 'lxc'), fc.array(line), (type, lines) => {
      parseGuestConfig(type, lines.join('\n'));
    }),
  );
});
