/** What a restore decides before it does anything: how the archive travels, where volumes go, what the tool is told. */
import { describe, expect, test } from 'vitest';
import { placeRestore } from '../../src/apply/restore-placement.ts';
import { restoreToolArgv } from '../../src/apply/restore-tool-argv.ts';
import { mapVmConfig } from '../../src/apply/restore-vm-config.ts';
import { chooseRestoreWay } from '../../src/apply/restore-way.ts';
import { parseGuestConfig } from '../../src/pve/guest-config.ts';
import { node, vmid } from '../plan/sample-site.ts';

describe('the way of the archive', () => {
  test.for([
    ['auto', 'qemu', 'free', 100, 'streamed'],
    ['auto', 'qemu', 'free', undefined, 'streamed'],
    ['auto', 'qemu', 'exists', 100, 'staged'],
    ['auto', 'qemu', 'exists', 99, 'streamed'],
    ['auto', 'qemu', 'exists', undefined, 'streamed'],
    ['auto', 'lxc', 'free', 100, 'staged'],
    ['auto', 'lxc', 'free', 99, 'streamed'],
    ['auto', 'lxc', 'exists', 100, 'staged'],
    ['auto', 'lxc', 'exists', 0, 'streamed'],
    ['staged', 'qemu', 'free', 100, 'staged'],
    ['staged', 'qemu', 'free', 99, 'refused'],
    ['staged', 'lxc', 'exists', undefined, 'refused'],
    ['streamed', 'lxc', 'exists', 100, 'streamed'],
    ['streamed', 'qemu', 'free', undefined, 'streamed'],
  ] as const)(
    '%s, a %s whose vmid is %s, with room for %s of 100 bytes: %s',
    ([mode, type, vmid, freeBytes, way]) => {
      expect(chooseRestoreWay({ mode, type, exists: vmid === 'exists', freeBytes, mostBytes: 100 })).toBe(
        way,
      );
    },
  );

  test('is auto where nothing was asked for', () => {
    expect(chooseRestoreWay({ type: 'lxc', exists: false, freeBytes: 1, mostBytes: 1 })).toBe('staged');
  });
});

describe('the configuration in an archive', () => {
  const storages = new Map([['scsi0', 'ceph']]);
  const bridges = new Map([['vmbr1', 'vmbr0']]);
  test.for([
    ['#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:', '#qmdump#map:scsi0:drive-scsi0:ceph:raw:'],
    ['#qmdump#map:scsi0:drive-scsi0::raw:', '#qmdump#map:scsi0:drive-scsi0:ceph:raw:'],
    ['#qmdump#map:scsi1:drive-scsi1:local-lvm:raw:', undefined],
    ['scsi0: local-lvm:vm-101-disk-0,size=8G', undefined],
    [
      'net0: virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=5',
      'net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=5',
    ],
    ['net12: bridge=vmbr1,model=e1000', 'net12: bridge=vmbr0,model=e1000'],
    ['net0: virtio=BC:24:11:00:00:01,bridge=vmbr10', undefined],
    ['net0: virtio', undefined],
    ['#net0: virtio,bridge=vmbr1', undefined],
    ['name: bridge=vmbr1', undefined],
    ['#na\xefve \xff', undefined],
    ['[snap]\nnet0: virtio,bridge=vmbr1', undefined],
    ['', undefined],
  ] as const)('%j', ([line, mapped]) => {
    const text = `cores: 1\n${line}\n`;
    expect(mapVmConfig(text, { storages, bridges })).toBe(
      mapped === undefined ? text : `cores: 1\n${mapped}\n`,
    );
  });
});

describe('the places of a VM', () => {
  const config = parseGuestConfig(
    'qemu',
    [
      'scsi0: local-lvm:vm-101-disk-0,size=8G',
      'scsi1: zfs:vm-101-disk-1,size=1G',
      'scsi2: zfs:vm-101-disk-2,size=4G,backup=0',
      '#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:',
      '#qmdump#map:scsi1:drive-scsi1:zfs:raw:',
    ].join('\n'),
  );
  const place = (choice: object) => placeRestore({ type: 'qemu', config, choice, way: 'streamed' });
  const GiB = 2 ** 30;

  test.for([
    [{}, { 'local-lvm': 8 * GiB, zfs: GiB }, { kind: 'one-storage', storage: undefined }],
    [{ storage: 'ceph' }, { ceph: 9 * GiB }, { kind: 'one-storage', storage: 'ceph' }],
    [
      { mapStorage: new Map([['zfs', 'ceph']]) },
      { 'local-lvm': 8 * GiB, ceph: GiB },
      {
        kind: 'in-archive',
        storages: new Map([
          ['scsi0', 'local-lvm'],
          ['scsi1', 'ceph'],
        ]),
      },
    ],
  ] as const)('with %j', ([choice, needs, told]) => {
    const placed = place(choice);
    expect(Object.fromEntries(placed.needs)).toEqual(needs);
    expect(placed.told).toEqual(told);
  });

  test('are none when it has no disk', () => {
    const diskless = placeRestore({
      type: 'qemu',
      config: undefined,
      choice: { storage: 'ceph' },
      way: 'staged',
    });
    expect(diskless).toMatchObject({ needs: new Map(), told: { kind: 'one-storage', storage: 'ceph' } });
  });
});

describe('the places of a container', () => {
  const config = parseGuestConfig(
    'lxc',
    [
      'rootfs: local:105/subvol-105-disk-0.subvol,size=2G',
      'mp0: fast:105/subvol-105-disk-1.subvol,mp=/srv,backup=1,size=1G',
      'mp1: fast:105/subvol-105-disk-2.subvol,mp=/cache,size=1G',
      'mp2: /var/tmp,mp=/share',
    ].join('\n'),
  );
  const GiB = 2 ** 30;
  const allOnOne = { storage: 'ceph' };

  test('in a file are one storage, which brings the bind mounts along', () => {
    const placed = placeRestore({ type: 'lxc', config, choice: allOnOne, way: 'staged' });
    expect(placed).toMatchObject({
      needs: new Map([['ceph', 4 * GiB]]),
      told: { kind: 'one-storage', storage: 'ceph' },
      empty: ['mp1'],
      leftOut: [],
    });
  });

  test.for([
    ['staged', {}, { local: 2 * GiB, fast: 2 * GiB }],
    ['streamed', {}, { local: 2 * GiB, fast: 2 * GiB }],
    ['streamed', allOnOne, { ceph: 4 * GiB }],
  ] as const)('%s with %j are told one by one, without the bind mounts', ([way, choice, needs]) => {
    const placed = placeRestore({ type: 'lxc', config, choice, way });
    expect(Object.fromEntries(placed.needs)).toEqual(needs);
    expect(placed.told.kind).toBe('volumes');
    expect(placed.leftOut).toMatchObject([{ key: 'mp2', reason: 'bind mount' }]);
  });
});

describe('the command', () => {
  const to = { node: node('pve1'), vmid: vmid(901), unique: false, start: true };
  const one = { kind: 'one-storage', storage: 'fast' } as const;
  const options = {
    rootfs: 'fast:1',
    mountPoints: [{ key: 'mp0', value: 'fast:0,mp=/srv' }],
    unprivileged: true,
    template: false,
    empty: [],
    leftOut: [],
  };
  const volumes = { kind: 'volumes', options } as const;

  test.for([
    ['qemu', '-', to, one, 'qmrestore - 901 --storage fast'],
    ['qemu', '-', to, { kind: 'in-archive', storages: new Map() }, 'qmrestore - 901'],
    [
      'qemu',
      '/d/a.vma',
      { ...to, unique: true, pool: 'lab', bwlimitKiB: 1024 },
      one,
      'qmrestore /d/a.vma 901 --storage fast --pool lab --bwlimit 1024 --unique 1',
    ],
    ['lxc', '/d/a.tar', to, one, 'pct restore 901 /d/a.tar --storage fast'],
    ['lxc', '/d/a.tar', to, volumes, 'pct restore 901 /d/a.tar --rootfs fast:1 --mp0 fast:0,mp=/srv'],
    [
      'lxc',
      '-',
      to,
      { kind: 'volumes', options: { ...options, unprivileged: false } },
      'pct restore 901 - --rootfs fast:1 --mp0 fast:0,mp=/srv',
    ],
    ['lxc', '-', to, volumes, 'pct restore 901 - --rootfs fast:1 --mp0 fast:0,mp=/srv --unprivileged 1'],
  ] as const)('for %s from %s', ([type, archive, destination, told, command]) => {
    expect(restoreToolArgv({ type, archive, to: destination, told, force: false }).join(' ')).toBe(command);
  });

  test('has --force where replacing is allowed, and never --start, which only some versions have', () => {
    const argv = restoreToolArgv({ type: 'qemu', archive: '-', to, told: one, force: true });
    expect(argv.join(' ')).toBe('qmrestore - 901 --storage fast --force 1');
  });
});
