/**
 * A lab laid out like the node of the recordings: the same guests, pools and storages, and the files that its commands read.
 * Disks hold less than the recorded ones did.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type DiskContent, makeDisk, randomBytesOf } from './disk-image.ts';
import { addPool } from './guests.ts';
import { type Lab, startLab } from './lab.ts';
import { readRecordings } from './recording.ts';
import { runProgram } from './run-program.ts';
import type { PveVersion } from './stand-ins/lab-state.ts';

export async function startRecordedNode(version: PveVersion): Promise<Lab> {
  const lab = await startLab({ nodes: ['pve1', 'pve2'], cluster: false, version, vmaHeaderSeconds: 4 });
  try {
    await fill(lab);
    return lab;
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

async function fill(lab: Lab): Promise<void> {
  for (const [path, config] of CONFIGS) writeFileSync(`${lab.pve}/nodes/${path}.conf`, config);
  writeFileSync(
    `${lab.pve}/firewall/109.fw`,
    '[OPTIONS]\n\nenable: 1\n\n[RULES]\n\nIN ACCEPT -p tcp -dport 22\n',
  );
  addPool(lab, {
    id: 'prod',
    comment: 'production guests',
    vmids: ['101', '201', '223'],
    storages: ['local'],
  });
  addPool(lab, { id: 'prod/db', comment: 'nested', vmids: ['107', '302'] });
  addPool(lab, { id: 'empty' });
  makeVolumes(lab, recordedTree());
  await makeArchives(lab);
  for (const file of ['plain.tar', 'vm101.vma']) {
    cpSync(lab.node('pve1').path(`/var/tmp/${file}`), lab.node('pve2').path(`/var/tmp/${file}`));
  }
  await lab.node('pve2').stop();
  cpSync(`${lab.dir}/pve`, `${lab.dir}/pve-before`, { recursive: true, verbatimSymlinks: true });
}

/** Back to what `startRecordedNode` has made. @param volumesTouched whether disks may have changed, too */
export async function resetRecordedNode(lab: Lab, volumesTouched: boolean): Promise<void> {
  for (const node of ['pve1', 'pve2']) {
    for (const type of ['qemu-server', 'lxc']) {
      const folder = `nodes/${node}/${type}`;
      rmSync(`${lab.pve}/${folder}`, { recursive: true });
      cpSync(`${lab.dir}/pve-before/${folder}`, `${lab.pve}/${folder}`, { recursive: true });
    }
  }
  for (const file of ['user.cfg', 'storage.cfg'])
    cpSync(`${lab.dir}/pve-before/${file}`, `${lab.pve}/${file}`);
  const tidy = 'rm -rf /var/lib/vz/dump/*.tmp /var/lib/vz/dump/*.log /run/lab/guests/* /etc/vzdump.conf';
  await lab.node('pve1').exec(volumesTouched ? `${tidy}; ${RESET_VOLUMES}` : tidy);
}

const RESET_VOLUMES =
  'cd /var/lib; for v in vz fast; do rm -rf $v/images; cp -a --sparse=always kept/$v $v/images; done';

const MIB = 1 << 20;

/** Of all VMs: the volume as a path under /var/lib, its size, its content. */
const DISKS: readonly (readonly [string, number, DiskContent])[] = [
  ['vz/images/101/vm-101-disk-0.qcow2', 64 * MIB, { kind: 'random', bytes: 3 * MIB, seed: '101' }],
  ['vz/images/101/vm-101-disk-1.raw', 16 * MIB, { kind: 'zeros' }],
  ['vz/images/102/base-102-disk-0.raw', 32_212_992, { kind: 'zeros' }],
  ['vz/images/104/vm-104-disk-0.raw', 32_212_992, { kind: 'zeros' }],
  ['vz/images/105/vm-105-disk-0.raw', 1024 * MIB, { kind: 'zeros' }],
  ['vz/images/107/vm-107-disk-0.qcow2', 32_212_992, { kind: 'random', bytes: 3 * MIB, seed: '107a' }],
  ['fast/images/107/vm-107-disk-0.raw', 32_212_992, { kind: 'random', bytes: 2 * MIB, seed: '107b' }],
  ['vz/images/108/vm-108-disk-0.raw', 24 * MIB, { kind: 'random', bytes: 22 * MIB, seed: '108' }],
  ['vz/images/109/vm-109-disk-0.qcow2', 10_737_664, { kind: 'random', bytes: 8192, seed: '109a' }],
  ['fast/images/109/vm-109-disk-0.raw', 10_737_664, { kind: 'random', bytes: 8192, seed: '109b' }],
];

function makeVolumes(lab: Lab, tree: readonly string[]): void {
  const root = lab.node('pve1').path('/var/lib');
  for (const [path, size, content] of DISKS) makeDisk(`${root}/${path}`, size, content);
  for (const vmid of [201, 202, 203, 204, 205, 206, 223]) {
    makeTree(`${root}/vz/images/${vmid}/subvol-${vmid}-disk-0.subvol`, tree);
  }
  const mounts = `${root}/vz/images/205/subvol-205-disk-0.subvol`;
  for (const folder of ['data', 'bind', 'scratch']) mkdirSync(`${mounts}/${folder}`);
  makeTree(`${root}/fast/images/205/subvol-205-disk-0.subvol`, ['./file0']);
  mkdirSync(`${root}/fast/images/205/subvol-205-disk-1.subvol`);
  mkdirSync(`${root}/vz/bindsrc`);
  writeFileSync(`${root}/vz/images/206/subvol-206-disk-0.subvol/opt/random`, randomBytesOf(12 * MIB, '206'));
  runProgram('bash', [
    '-c',
    `cd '${root}'; mkdir kept; for s in vz fast; do cp -a --sparse=always $s/images kept/$s; done`,
  ]);
}

/** The paths of the recorded container 201, as tar has listed them. */
function recordedTree(): readonly string[] {
  const listing = readRecordings('runs').find(({ name }) => name === 'vzdump-exclude-path')?.stdout ?? '';
  return listing.split('\n').filter((path) => path.startsWith('./'));
}

/** The recorded tree by its names; two of its files have some size. */
function makeTree(root: string, tree: readonly string[]): void {
  for (const path of tree.filter((name) => !name.includes('/etc/vzdump/'))) {
    const target = `${root}/${path}`;
    mkdirSync(path.endsWith('/') ? target : dirname(target), { recursive: true });
    if (!path.endsWith('/'))
      writeFileSync(target, path.endsWith('busybox-hard') ? randomBytesOf(2_000_000, 'busybox') : 'file\n');
  }
}

/** The file names of the recordings' commands. */
async function makeArchives(lab: Lab): Promise<void> {
  const { exitCode, stderr } = await lab.node('pve1').exec(`
    set -e; cd /var/tmp; dump=/var/lib/vz/dump; date=2026_11_22-10_00_00
    for i in 101 103 107; do vzdump $i --stdout --compress 0 > vm$i.vma 2>/dev/null; done
    vzdump 201 --stdout --compress 0 > plain.tar 2>/dev/null
    vzdump 202 --stdout --compress 0 > u.tar 2>/dev/null
    vzdump 205 --stdout --compress 0 > mp.tar 2>/dev/null
    head -c 900000 plain.tar > trunc.tar; head -c 102400 /dev/urandom > garbage
    tar cf nocfg.tar --exclude=. -C /var/lib/vz/images/201/subvol-201-disk-0.subvol ./home
    gzip -k plain.tar vm101.vma; cp plain.tar noext; cp vm101.vma plain-noext
    zstd -q plain.tar -o pvebak-ct-201.tar.zst; zstd -q vm101.vma -o pvebak-vm-101.vma.zst
    cp pvebak-vm-101.vma.zst vzdump-qemu-101-$date.vma.zst; cp pvebak-vm-101.vma.zst $dump/vzdump-qemu-101-$date.vma.zst
    cp vm101.vma $dump/vzdump-qemu-101-$date.vma; cp plain.tar $dump/vzdump-lxc-201-$date.tar
    cp u.tar $dump/vzdump-lxc-202-$date.tar; cp mp.tar $dump/vzdump-lxc-205-$date.tar
    cp pvebak-ct-201.tar.zst $dump/vzdump-lxc-201-$date.tar.zst
    mkdir -p archives; cp u.tar archives/ct-202-unprivileged.tar`);
  if (exitCode !== 0) throw new Error(`the archives of the recordings cannot be made: ${stderr}`);
}

const container = (lines: readonly string[]) => `arch: amd64\n${lines.map((line) => `${line}\n`).join('')}`;
const machine = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

/** Node, type and id → the configuration file, from the recordings that show it. */
const CONFIGS: readonly (readonly [string, string])[] = [
  [
    'pve1/qemu-server/101',
    machine([
      '#web server%3A 50%25 done',
      'boot: order=scsi0;net0',
      'cores: 1',
      'kvm: 0',
      'memory: 128',
      'name: web-1',
      'net0: virtio=BC:24:11:00:00:01,bridge=vmbr0',
      'ostype: l26',
      'scsi0: local:101/vm-101-disk-0.qcow2,size=64M',
      'scsi1: local:101/vm-101-disk-1.raw,size=16M,backup=0',
      'scsihw: virtio-scsi-single',
      'smbios1: uuid=11111111-2222-3333-4444-555555555555',
      'tags: prod;web',
    ]),
  ],
  [
    'pve1/qemu-server/102',
    machine([
      'boot: order=scsi0',
      'kvm: 0',
      'memory: 64',
      'meta: creation-qemu=10.0.13,ctime=1795367209',
      'name: tmpl',
      'ostype: l26',
      'scsi0: local:102/base-102-disk-0.raw,size=31458K',
      'smbios1: uuid=710fa3bd-4169-4cde-a531-856c0b4d4095',
      'tags: base',
      'template: 1',
      'vmgenid: cb81f6e2-c519-4dc2-b84b-df1f13498b1c',
    ]),
  ],
  [
    'pve1/qemu-server/103',
    machine([
      'boot:  ',
      'kvm: 0',
      'memory: 64',
      'meta: creation-qemu=10.0.13,ctime=1795367211',
      'name: diskless',
      'smbios1: uuid=85653361-13ee-4b0e-9656-dff411007fab',
      'vmgenid: f3b53fea-5642-482e-b86e-20130a39ac8b',
    ]),
  ],
  [
    'pve1/qemu-server/104',
    machine([
      'boot: order=scsi0',
      'kvm: 0',
      'lock: backup',
      'memory: 64',
      'meta: creation-qemu=10.0.13,ctime=1795367212',
      'name: locked',
      'scsi0: local:104/vm-104-disk-0.raw,size=31458K',
      'smbios1: uuid=251ff762-ce02-4202-82b8-e01ecb5b4a47',
      'vmgenid: 8f08c467-bae4-4557-8b8a-fe1edebd2c37',
    ]),
  ],
  [
    'pve1/qemu-server/105',
    machine([
      'boot: order=scsi0',
      'kvm: 0',
      'memory: 128',
      'name: created',
      'scsi0: local:105/vm-105-disk-0.raw,size=1G',
      'tags: alpha;zeta',
    ]),
  ],
  [
    'pve1/qemu-server/107',
    machine([
      '#line1',
      '#line2 %C3%BC',
      'boot: order=scsi0;ide2;net0',
      'ide2: none,media=cdrom',
      'kvm: 0',
      'memory: 64',
      'meta: creation-qemu=10.0.13,ctime=1795367212',
      'name: two-disks',
      'net0: virtio=BC:24:11:E6:A3:55,bridge=vmbr0',
      'scsi0: local:107/vm-107-disk-0.qcow2,size=31458K',
      'smbios1: uuid=ee006b58-8988-4989-930f-133af2e31f4e',
      'virtio1: fast:107/vm-107-disk-0.raw,size=31458K',
      'vmgenid: 333fc267-d203-4332-878c-61ec3bc0928d',
    ]),
  ],
  [
    'pve1/qemu-server/108',
    machine([
      'boot: order=scsi0',
      'kvm: 0',
      'memory: 64',
      'name: big',
      'scsi0: local:108/vm-108-disk-0.raw,size=104858K',
    ]),
  ],
  [
    'pve1/qemu-server/109',
    machine([
      '#two small disks',
      'boot: order=scsi0;net0',
      'kvm: 0',
      'memory: 64',
      'meta: creation-qemu=10.0.13,ctime=1795368677',
      'name: small-two-disks',
      'net0: virtio=BC:24:11:AA:BB:CC,bridge=vmbr0,firewall=1',
      'scsi0: local:109/vm-109-disk-0.qcow2,size=10486K',
      'smbios1: uuid=bc45faf1-d153-423f-87e8-c6b1ec4b2695',
      'tags: x;y',
      'virtio0: fast:109/vm-109-disk-0.raw,size=10486K',
      'vmgenid: e562c257-6b0a-45d3-8562-01e0be807c4f',
    ]),
  ],
  [
    'pve1/lxc/201',
    `#first\n#container\n${container(['hostname: ct-alpha', 'memory: 256', 'net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:5C:7C:2D,ip=dhcp,type=veth', 'ostype: debian', 'rootfs: local:201/subvol-201-disk-0.subvol,size=0T', 'swap: 512', 'tags: prod;web'])}`,
  ],
  ['pve1/lxc/202', container([...plainContainer(202, 'ct-beta'), 'unprivileged: 1'])],
  ['pve1/lxc/203', container([...plainContainer(203, 'ct-tmpl'), 'template: 1'])],
  [
    'pve1/lxc/204',
    container([
      'hostname: ct-locked',
      'lock: backup',
      'memory: 128',
      'ostype: debian',
      'rootfs: local:204/subvol-204-disk-0.subvol,size=0T',
      'swap: 0',
    ]),
  ],
  [
    'pve1/lxc/205',
    container([
      'hostname: ct-mps',
      'memory: 512',
      'mp0: fast:205/subvol-205-disk-0.subvol,mp=/data,backup=1,size=0T',
      'mp1: fast:205/subvol-205-disk-1.subvol,mp=/scratch,size=0T',
      'mp2: /var/lib/vz/bindsrc,mp=/bind',
      'ostype: debian',
      'rootfs: local:205/subvol-205-disk-0.subvol,size=0T',
      'swap: 512',
    ]),
  ],
  [
    'pve1/lxc/206',
    container(plainContainer(206, 'ct-big').map((line) => line.replace('memory: 512', 'memory: 256'))),
  ],
  [
    'pve1/lxc/223',
    `#first\n#container\n${container(['hostname: restored', 'memory: 333', 'net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:5C:7C:2D,ip=dhcp,type=veth', 'ostype: debian', 'rootfs: local:223/subvol-223-disk-0.subvol,size=0T', 'swap: 512', 'tags: prod;web'])}`,
  ],
  ['pve2/qemu-server/301', machine(['memory: 512', 'name: remote', 'tags: staging'])],
  ['pve2/lxc/302', container(plainContainer(302, 'ct-remote'))],
];

function plainContainer(vmid: number, hostname: string): readonly string[] {
  return [
    `hostname: ${hostname}`,
    'memory: 512',
    'ostype: debian',
    `rootfs: local:${vmid}/subvol-${vmid}-disk-0.subvol,size=0T`,
    'swap: 512',
  ];
}
