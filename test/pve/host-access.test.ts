import { describe, expect, it } from 'vitest';
import { ContainerConfigs } from '../../src/formats/tar/container-configs.ts';
import { readTar } from '../../src/formats/tar/read-tar.ts';
import { readVma } from '../../src/formats/vma/read-vma.ts';
import { withoutMountPoints } from '../../src/pve/container-host-access.ts';
import { type HostAccess, hostAccess, judgeHostAccess } from '../../src/pve/host-access.ts';
import { inPieces } from '../formats/in-pieces.ts';
import { containerTar } from '../formats/tar/tar-fixture.ts';
import { goldenArchives, vmaFixture } from '../formats/vma/vma-fixture.ts';

type From = 'archive' | 'node';

function ofVm(text: string, from: From = 'archive'): readonly HostAccess[] {
  return hostAccess({ type: 'qemu', text, from });
}

/** Of an unprivileged container. */
function ofContainer(text: string, from: From = 'archive'): readonly HostAccess[] {
  return hostAccess({ type: 'lxc', text: `unprivileged: 1\n${text}`, from });
}

describe('what of a VM reaches the node', () => {
  it.each([
    ['args: -chardev file,id=x,path=/etc/cron.d/x', 'qemu-arguments'],
    ['hookscript: local:snippets/hook.pl', 'hook-script'],
    ['hostpci0: 0000:01:00,pcie=1', 'device'],
    ['hostpci3: mapping=gpu', 'device'],
    ['usb0: host=1d6b:0002', 'device'],
    ['usb1: 1-1.2', 'device'],
    ['usb2: mapping=stick', 'device'],
    ['usb3: spice,mapping=stick', 'device'],
    ['serial0: /dev/ttyS0', 'device'],
    ['parallel0: /dev/usb/lp0', 'device'],
    ['scsi5: /dev/sda', 'device'],
    ['ide2: /dev/sr0,media=cdrom', 'device'],
    ['efidisk0: /dev/sdb', 'device'],
    ['tpmstate0: /dev/sdb', 'device'],
    ['cdrom: /dev/sda', 'device'],
    ['cdrom: /dev/sda,backup=0', 'device'],
    ['scsi5: file=/etc/shadow', 'host-path'],
    ['virtio4: /etc/shadow,media=cdrom', 'host-path'],
    ['virtiofs0: dirid=root', 'host-path'],
    ['cicustom: user=local:snippets/secret.yaml', 'host-path'],
    ['ivshmem: size=32,name=101', 'shared-memory'],
    ['rng0: source=/etc/shadow', 'device'],
    ['scsi5: local-lvm:vm-105-disk-0', 'foreign-volume'],
    ['sata1: local-lvm:vm-105-disk-0,media=cdrom', 'foreign-volume'],
    ['sata1: local:iso/../images/105/vm-105-disk-0.raw,media=cdrom', 'foreign-volume'],
    ['virtio1: local:101/vm-101-cloudinit.qcow2', 'foreign-volume'],
    ['vmstate: local-lvm:vm-105-state-x', 'foreign-volume'],
    ['future: local:snippets/x', 'unknown-key'],
    ['virtiogpu0: 1', 'unknown-key'],
    ['delete: scsi0', 'unknown-key'],
  ])('%s', (line, reason) => {
    expect(ofVm(`name: web\n${line}\nmemory: 512\n`)).toEqual([{ line, reason }]);
  });

  it.each([
    'usb0: host=spice',
    'usb0: spice,usb3=1',
    'serial0: socket',
    'rng0: source=/dev/urandom,max_bytes=1024',
    'ide2: none,media=cdrom',
    'ide2: cdrom,media=cdrom',
    'ide2: local:iso/debian-13.iso,media=cdrom,size=700M',
    'ide2: local-lvm:vm-101-cloudinit,media=cdrom',
    'scsi1: local:101/vm-101-cloudinit.qcow2,media=cdrom',
    'scsi5: /dev/disk/by-id/ata-x,backup=0',
    'affinity: 0-3',
    'hugepages: 1024',
    'audio0: device=ich9-intel-hda,driver=none',
    'smbios1: uuid=ee006b58-8988-4989-930f-133af2e31f4e',
    'cpu: custom-mine,flags=+aes',
    '#args: -x',
    'unused0: local-lvm:vm-101-disk-9',
  ])('not: %s', (line) => {
    expect(ofVm(line)).toEqual([]);
  });

  it('is found however it is written, in all sections, as often as it is there', () => {
    const text = 'args: -a\n args = -b \nargs:\u{b}-c\r-d\nargs: -a\n[PENDING]\nargs: -e\n[snap]\nargs: -f\n';
    expect(ofVm(text).map(({ line }) => line)).toEqual([
      'args: -a',
      'args = -b',
      'args:\u{b}-c\r-d',
      'args: -a',
      'args: -e',
      'args: -f',
    ]);
  });

  it('is found far behind in a configuration that is longer than any', () => {
    expect(ofVm(`${'#qmdump#\n'.repeat(300_000)}args: -x\n`)).toHaveLength(1);
  });

  it.each([
    ['of colons', `#qmdump#map:${':'.repeat(500_000)} `],
    ['of spaces', `args${' '.repeat(500_000)}x${' '.repeat(500_000)}y`],
    ['of digits', `${'1'.repeat(500_000)}x: 1`],
    ['of commas', `scsi1: /dev/sda${','.repeat(500_000)} x`],
    ['of many lines', 'features: fuse=1\nscsi0: /dev/sda,serial=a b\n'.repeat(20_000)],
  ])('%s are judged at once, however long', (_, text) => {
    const before = process.cpuUsage();
    for (const type of ['qemu', 'lxc'] as const) hostAccess({ type, text, from: 'archive' });
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });

  describe('a drive that the archive holds', () => {
    const map = '#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:\n';

    it.each([
      ['a volume', 'scsi0: local-lvm:vm-101-disk-0,size=8G'],
      ['a disk of the node', 'scsi0: /dev/disk/by-id/ata-x,size=8G'],
    ])('becomes a volume of its own, and was %s', (_, line) => {
      expect(ofVm(`${line}\n${map}`)).toEqual([]);
    });

    it.each([
      ['has a space in its value', 'scsi0: /dev/sda,serial=a b', map],
      ['has a space before its key', ' scsi0: /dev/sda', map],
      ['is mapped by a line that qmrestore does not know', 'scsi0: /dev/sda', `${map.trim()} x\n`],
      ['is another one', 'scsi1: /dev/sda', map],
      ['has a space, and backup=0', 'scsi1: /dev/sda,serial=a b,backup=0', map],
    ])('stays as it is when it %s', (_, line, hint) => {
      expect(ofVm(`${line}\n${hint}`)).toMatchObject([{ reason: 'device' }]);
    });
  });
});

describe('what of a container reaches the node', () => {
  it.each([
    ['lxc.mount.entry: / mnt none bind 0 0', 'raw-lxc'],
    ['lxc.hook.pre-start = /bin/sh', 'raw-lxc'],
    ['lxc.apparmor.profile: unconfined', 'raw-lxc'],
    ['lxc.idmap: u 0 0 65536', 'raw-lxc'],
    ['lxc.include: /tmp/x', 'raw-lxc'],
    ['mp0: /srv,mp=/srv', 'host-path'],
    ['mp1: volume=/,mp=/host', 'host-path'],
    ['mp255: /dev/sdb1,mp=/data', 'device'],
    ['rootfs: /', 'host-path'],
    ['dev0: /dev/kvm', 'device'],
    ['hookscript: local:snippets/hook.pl', 'hook-script'],
    ['features: nesting=1,keyctl=1', 'features'],
    ['features: mount=nfs', 'features'],
    ['features: fuse=1', 'features'],
    ['features: mknod=1', 'features'],
    ['features: force_rw_sys=1', 'features'],
    ['features: nesting', 'features'],
    ['ostype: ../../../../var/lib/lxc/105/rootfs/x', 'bad-value'],
    ['timezone: ../../etc', 'bad-value'],
    ['arch: amd64 x', 'bad-value'],
    ['future: 1', 'unknown-key'],
  ])('%s', (line, reason) => {
    expect(ofContainer(`${line}\nhostname: web\n`)).toEqual([{ line, reason }]);
  });

  it.each([
    'rootfs: local:205/vm-205-disk-0.raw,size=4G',
    'mp0: fast:205/subvol-205-disk-0.subvol,mp=/data,backup=1,size=8G',
    'features: nesting=1,keyctl=0',
    'timezone: Europe/Berlin',
    'timezone: host',
    'entrypoint: /usr/bin/server --port 80',
    'lxc.environment.runtime: PATH=/usr/bin',
    'lxc.init.uid: 1000',
    'net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:5C:7C:2D,type=veth',
  ])('not: %s', (line) => {
    expect(ofContainer(line)).toEqual([]);
  });

  it.each([
    ['says nothing', 'hostname: web'],
    ['says so', 'unprivileged: 0'],
    ['says both', 'unprivileged: 1\nunprivileged: 0'],
    ['is so after a restart', 'unprivileged: 1\n[pve:pending]\nunprivileged: 0'],
    ['says the opposite in a section only', '[pve:pending]\nunprivileged: 1'],
    ['says the opposite in a way that pct does not read', 'unprivileged = 1'],
    ['says the opposite in another way that pct does not read', ' unprivileged: 1'],
    ['says what is no boolean', 'unprivileged: 2'],
  ])('root itself, where it %s', (_, text) => {
    expect(hostAccess({ type: 'lxc', text, from: 'archive' })).toContainEqual({
      line: 'unprivileged: 0',
      reason: 'privileged',
    });
  });

  it('every feature of a privileged one', () => {
    expect(hostAccess({ type: 'lxc', text: 'features: nesting=1', from: 'archive' })).toMatchObject([
      { reason: 'features' },
      { reason: 'privileged' },
    ]);
  });

  it('volumes of pending changes, which pct takes over as they are', () => {
    const line = 'mp1: local-lvm:vm-105-disk-0,mp=/x';
    expect(ofContainer(`[pve:pending]\n${line}\n`)).toEqual([{ line, reason: 'foreign-volume' }]);
  });

  it('mount points on paths of the node do not where pct is told each volume; all else does', () => {
    const found = ofContainer(
      'mp0: /srv,mp=/srv\nmp1: /dev/sdb,mp=/x\ndev0: /dev/kvm\nrootfs: /\n[pve:pending]\nmp2: /,mp=/y\n',
    );
    expect(found).toHaveLength(5);
    expect(withoutMountPoints(found).map(({ line }) => line)).toEqual([
      'dev0: /dev/kvm',
      'rootfs: /',
      'mp2: /,mp=/y',
    ]);
  });
});

/** `N` stands for a number. */
const KEYS = {
  qemu: `acpi affinity agent allow-ksm amd-sev arch args audioN autostart balloon bios boot bootdisk cdrom cicustom cipassword
    citype ciupgrade ciuser cores cpu cpulimit cpuunits description efidiskN freeze hookscript hostpciN hotplug hugepages ideN
    intel-tdx ipconfigN ivshmem keephugepages keyboard kvm localtime lock machine memory meta migrate_downtime migrate_speed name
    nameserver netN numa numaN onboot ostype parallelN parent protection reboot rngN runningcpu runningmachine
    running-nets-host-mtu sataN scsiN scsihw searchdomain serialN shares smbiosN smp snaptime sockets spice_enhancements sshkeys
    startdate startup tablet tags tdf template tpmstateN unusedN usbN vcpus vga virtioN virtiofsN vmgenid vmstate vmstatestorage
    watchdog`,
  lxc: `arch cmode console cores cpulimit cpuunits debug description devN entrypoint env features hookscript hostname lock memory
    mpN nameserver netN onboot ostype parent protection rootfs searchdomain snaptime startup swap tags template timezone tty
    unprivileged unusedN`,
};

it.each(['qemu', 'lxc'] as const)('all keys that Proxmox VE 7.4 to 9.2 has for %s are known', (type) => {
  const keys = KEYS[type].split(/\s+/).flatMap((key) => ['0', '12'].map((n) => key.replace('N', n)));
  const found = keys.flatMap((key) => hostAccess({ type, text: `${key}: 1`, from: 'archive' }));
  expect(found.filter(({ reason }) => reason === 'unknown-key')).toEqual([]);
});

describe('what a guest on a node has', () => {
  it('are the lines in force, and its volumes are its own', () => {
    const text = 'args: -a\nscsi0: local-lvm:vm-101-disk-0\nscsi1: /dev/sda\n[snap]\nargs: -b\n';
    expect(ofVm(text, 'node').map(({ line }) => line)).toEqual(['args: -a', 'scsi1: /dev/sda']);
    expect(ofContainer('mp0: fast:vm-1-disk-0,mp=/x\nmp1: /srv,mp=/srv', 'node')).toHaveLength(1);
  });
});

describe('real dumps', () => {
  it('of VMs have no such line, with every kind of drive', async () => {
    for (const { file } of await goldenArchives()) {
      const text = await configOfVma(file);
      expect([file, hostAccess({ type: 'qemu', text, from: 'archive' })]).toEqual([file, []]);
    }
  });

  it('of a container have its bind mount', async () => {
    const configs = new ContainerConfigs();
    for await (const event of readTar(inPieces(await containerTar()))) {
      if (event.kind === 'member') configs.takeMember(event.member, 0);
      if (event.kind === 'content') configs.takeContent(event.bytes, event.offset);
    }
    const text = Buffer.from(configs.pctConf ?? []).toString('utf8');
    expect(hostAccess({ type: 'lxc', text, from: 'archive' })).toEqual([
      { line: 'mp2: /var/lib/vz/bindsrc,mp=/bind', reason: 'host-path' },
      { line: 'unprivileged: 0', reason: 'privileged' },
    ]);
  });

  async function configOfVma(file: string): Promise<string> {
    for await (const event of readVma(inPieces(await vmaFixture(file)))) {
      if (event.kind !== 'header') continue;
      const config = event.header.configs.find(({ name }) => name === 'qemu-server.conf');
      return Buffer.from(config?.content ?? []).toString('utf8');
    }
    throw new Error(`${file} has no header`);
  }
});

describe('what is thought of it', () => {
  const args: HostAccess = { line: 'args: -x', reason: 'qemu-arguments' };
  const privileged: HostAccess = { line: 'unprivileged: 0', reason: 'privileged' };

  it.each<[string, HostAccess, readonly string[] | undefined, object]>([
    ['a line is refused where the vmid is free', args, undefined, { refused: [args], named: [] }],
    [
      'a line is refused where the guest there has another',
      args,
      ['args: -y'],
      { refused: [args], named: [] },
    ],
    ['a line that the guest there has is nothing new', args, ['args: -x'], { refused: [], named: [] }],
    [
      'a privileged container is named where the vmid is free',
      privileged,
      undefined,
      { refused: [], named: [privileged] },
    ],
    ['it is refused over an unprivileged one', privileged, [], { refused: [privileged], named: [] }],
    ['it is nothing new over a privileged one', privileged, ['unprivileged: 0'], { refused: [], named: [] }],
  ])('%s', (_, found, there, judged) => {
    expect(judgeHostAccess([found], there)).toEqual(judged);
  });
});
