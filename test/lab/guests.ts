/** Making and looking at the guests of a lab, as an administrator would have left them. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type DiskContent, makeDisk, readFileInDisk, writeFileInDisk } from './disk-image.ts';
import type { Lab } from './lab.ts';
import type { LabNode } from './lab-node.ts';
import { runProgram } from './run-program.ts';
import { drivesOf } from './stand-ins/drives.ts';
import {
  formatGuestConfig,
  type GuestConfig,
  type GuestType,
  parseGuestConfig,
} from './stand-ins/guest-config.ts';
import { guestRun, markCreated, type RunState, setGuestRun } from './stand-ins/lab-state.ts';
import { moveToPool, type Pool, readPools, writePools } from './stand-ins/pools.ts';
import { configSize } from './stand-ins/sizes.ts';
import { parseStorages, volumeOf } from './stand-ins/volumes.ts';

interface GuestSpec {
  readonly vmid: number;
  readonly template?: boolean;
  readonly running?: boolean;
  readonly tags?: readonly string[];
  readonly pool?: string;
  readonly lock?: string;
  readonly description?: string;
  /** The content of /etc/pve/firewall/<vmid>.fw */
  readonly firewall?: string;
  /** Further lines of the configuration; they win over what the lab would write. */
  readonly config?: Readonly<Record<string, string>>;
}

export interface DiskSpec {
  /** `scsi0` */
  readonly key: string;
  /** Default: local. */
  readonly storage?: string;
  readonly sizeBytes: number;
  readonly content: DiskContent;
  /** False: left out of backups. */
  readonly backup?: boolean;
  /** Only the name: the lab keeps raw bytes whatever it says. */
  readonly format?: 'raw' | 'qcow2';
}

export interface VmSpec extends GuestSpec {
  readonly name: string;
  readonly disks?: readonly DiskSpec[];
  readonly efidisk?: boolean;
}

/** Fills a folder: with another one's files, or by a function. */
export type FolderContent = string | ((root: string) => void);

export type MountPointSpec =
  | { readonly key: string; readonly path: string; readonly bind: string }
  | {
      readonly key: string;
      readonly path: string;
      readonly storage?: string;
      readonly backup?: boolean;
      readonly content: FolderContent;
    };

export interface CtSpec extends GuestSpec {
  readonly hostname: string;
  /** Default: a few files of a small Debian. */
  readonly rootfs?: FolderContent;
  readonly storage?: string;
  readonly unprivileged?: boolean;
  readonly mountPoints?: readonly MountPointSpec[];
}

export function addVm(lab: Lab, node: string, spec: VmSpec): void {
  const volumes = new Volumes(lab, node, String(spec.vmid));
  const disks = spec.disks ?? [];
  const drives = disks.map((disk) => [disk.key, makeDrive(volumes, disk, spec.template === true)] as const);
  const efi = spec.efidisk === true ? [['efidisk0', makeEfiDisk(volumes)] as const] : [];
  const first = disks[0];
  const values = new Map([
    ...(first === undefined ? [] : [['boot', `order=${first.key}`] as const]),
    ['cores', '1'],
    ['memory', '128'],
    ['name', spec.name],
    ['net0', `virtio=${macFor(spec.vmid)},bridge=vmbr0`],
    ['ostype', 'l26'],
    ['scsihw', 'virtio-scsi-single'],
    ['smbios1', `uuid=${uuidFor(spec.vmid)}`],
    ...drives,
    ...efi,
  ]);
  addGuest(lab, { node, type: 'qemu', spec, values });
}

export function addCt(lab: Lab, node: string, spec: CtSpec): void {
  const volumes = new Volumes(lab, node, String(spec.vmid));
  const rootfs = makeSubvol(volumes, spec.storage ?? 'local', withMountPoints(spec));
  const points = (spec.mountPoints ?? []).map(
    (point) => [point.key, makeMountPoint(volumes, point)] as const,
  );
  const values = new Map([
    ['arch', 'amd64'],
    ['hostname', spec.hostname],
    ['memory', '512'],
    ['ostype', 'debian'],
    ['swap', '512'],
    ['rootfs', `${rootfs},size=0T`],
    ...points,
    ...(spec.unprivileged === true ? [['unprivileged', '1'] as const] : []),
  ]);
  addGuest(lab, { node, type: 'lxc', spec, values });
}

/** Makes or replaces a pool. */
export function addPool(lab: Lab, pool: { readonly id: string } & Partial<Pool>): void {
  const others = readPools(lab.pve).filter(({ id }) => id !== pool.id);
  writePools([...others, { comment: '', vmids: [], storages: [], ...pool }], lab.pve);
}

export function setRunState(lab: Lab, vmid: number, state: RunState): void {
  setGuestRun(String(vmid), state, `${lab.dir}/shared`);
}

export function runState(lab: Lab, vmid: number): RunState {
  return guestRun(String(vmid), `${lab.dir}/shared`).state;
}

export interface FoundGuest {
  readonly node: string;
  readonly type: GuestType;
  /** The configuration file. */
  readonly file: string;
  readonly config: GuestConfig;
}

/** Wherever in the cluster it is. */
export function findGuest(lab: Lab, vmid: number): FoundGuest | undefined {
  const { nodes } = lab;
  for (const { name: node } of nodes) {
    for (const [type, folder] of [
      ['qemu', 'qemu-server'],
      ['lxc', 'lxc'],
    ] as const) {
      const file = `${lab.pve}/nodes/${node}/${folder}/${vmid}.conf`;
      if (existsSync(file))
        return { node, type, file, config: parseGuestConfig(readFileSync(file, 'utf8'), type) };
    }
  }
  return undefined;
}

/** Offline migration: the configuration and the volumes go to the other node. */
export function moveGuest(lab: Lab, vmid: number, to: string): void {
  const guest = need(lab, vmid);
  const values = [...guest.config.values.values()].map(volumeOf).filter((volume) => volume !== undefined);
  for (const volume of values) {
    const target = volumeFile(lab, lab.node(to), volume);
    mkdirSync(dirname(target), { recursive: true });
    renameSync(volumeFile(lab, lab.node(guest.node), volume), target);
  }
  renameSync(guest.file, guest.file.replace(`/nodes/${guest.node}/`, `/nodes/${to}/`));
}

/** Where this machine has the raw file of a VM's disk. */
export function diskFile(lab: Lab, vmid: number, key: string): string {
  const { config, node } = need(lab, vmid);
  const drive = drivesOf(config).find((each) => each.key === key);
  if (drive === undefined) throw new Error(`VM ${vmid} has no disk ${key}`);
  return volumeFile(lab, lab.node(node), drive.volume);
}

/** Where this machine has the files of a container's volume. @param key `rootfs` or `mp0` */
export function containerFolder(lab: Lab, vmid: number, key = 'rootfs'): string {
  const { config, node } = need(lab, vmid);
  const volume = volumeOf(config.values.get(key) ?? '');
  if (volume === undefined) throw new Error(`CT ${vmid} has no volume ${key}`);
  return volumeFile(lab, lab.node(node), volume);
}

export function changeFileInVmDisk(
  lab: Lab,
  disk: { readonly vmid: number; readonly key: string },
  file: { readonly path: string; readonly content: Uint8Array | string },
): void {
  writeFileInDisk(diskFile(lab, disk.vmid, disk.key), file.path, file.content);
}

export function readFileInVmDisk(
  lab: Lab,
  disk: { readonly vmid: number; readonly key: string },
  path: string,
): Buffer {
  return readFileInDisk(diskFile(lab, disk.vmid, disk.key), path);
}

interface NewGuest {
  readonly node: string;
  readonly type: GuestType;
  readonly spec: GuestSpec;
  readonly values: ReadonlyMap<string, string>;
}

function addGuest(lab: Lab, { node, type, spec, values }: NewGuest): void {
  const vmid = String(spec.vmid);
  const all = new Map([
    ...values,
    ...(spec.template === true ? [['template', '1'] as const] : []),
    ...(spec.tags === undefined ? [] : [['tags', spec.tags.join(';')] as const]),
    ...(spec.lock === undefined ? [] : [['lock', spec.lock] as const]),
    ...Object.entries(spec.config ?? {}),
  ]);
  const folder = type === 'lxc' ? 'lxc' : 'qemu-server';
  const config = formatGuestConfig({ description: spec.description, values: all, sections: '' });
  writeFileSync(`${lab.pve}/nodes/${node}/${folder}/${vmid}.conf`, config);
  if (spec.firewall !== undefined) writeFileSync(`${lab.pve}/firewall/${vmid}.fw`, spec.firewall);
  if (spec.pool !== undefined) joinPool(lab, vmid, spec.pool);
  markCreated(vmid, `${lab.dir}/shared`);
  if (spec.running === true) setGuestRun(vmid, 'running', `${lab.dir}/shared`);
}

function joinPool(lab: Lab, vmid: string, id: string): void {
  if (!readPools(lab.pve).some((pool) => pool.id === id)) addPool(lab, { id });
  moveToPool(vmid, id, lab.pve);
}

function need(lab: Lab, vmid: number): FoundGuest {
  const guest = findGuest(lab, vmid);
  if (guest === undefined) throw new Error(`the lab has no guest ${vmid}`);
  return guest;
}

function volumeFile(lab: Lab, node: LabNode, volume: string): string {
  const [name = '', rest = ''] = volume.split(':');
  const storage = parseStorages(readFileSync(`${lab.pve}/storage.cfg`, 'utf8')).find(
    (each) => each.name === name,
  );
  if (storage === undefined) throw new Error(`the lab has no storage ${name}`);
  return node.path(`${storage.path}/images/${rest}`);
}

/** Names for new volumes; on a node that is off they are made in the lab's folder, where nobody reads them. */
class Volumes {
  readonly #lab: Lab;
  readonly #node: LabNode | undefined;
  readonly #vmid: string;
  readonly #used = new Map<string, number>();

  constructor(lab: Lab, node: string, vmid: string) {
    this.#lab = lab;
    this.#node = lab.nodes.find(({ name }) => name === node);
    this.#vmid = vmid;
  }

  next(
    storage: string,
    name: (vmid: string, number: number) => string,
  ): { readonly volume: string; readonly file: string } {
    const number = this.#used.get(storage) ?? 0;
    this.#used.set(storage, number + 1);
    const volume = `${storage}:${this.#vmid}/${name(this.#vmid, number)}`;
    const file =
      this.#node === undefined
        ? `${this.#lab.dir}/elsewhere/${volume}`
        : volumeFile(this.#lab, this.#node, volume);
    mkdirSync(dirname(file), { recursive: true });
    return { volume, file };
  }
}

function makeDrive(volumes: Volumes, disk: DiskSpec, template: boolean): string {
  const kind = template ? 'base' : 'vm';
  const { volume, file } = volumes.next(
    disk.storage ?? 'local',
    (vmid, number) => `${kind}-${vmid}-disk-${number}.${disk.format ?? 'raw'}`,
  );
  makeDisk(file, disk.sizeBytes, disk.content);
  return `${volume},size=${configSize(disk.sizeBytes)}${disk.backup === false ? ',backup=0' : ''}`;
}

const EFI_DISK_BYTES = 540_672;

function makeEfiDisk(volumes: Volumes): string {
  const { volume, file } = volumes.next('local', (vmid, number) => `vm-${vmid}-disk-${number}.raw`);
  makeDisk(file, EFI_DISK_BYTES, { kind: 'random', bytes: 4096, seed: 'efi variables' });
  return `${volume},efitype=4m,size=528K`;
}

function makeSubvol(volumes: Volumes, storage: string, content: FolderContent): string {
  const { volume, file } = volumes.next(storage, (vmid, number) => `subvol-${vmid}-disk-${number}.subvol`);
  mkdirSync(file, { recursive: true });
  fill(file, content);
  return volume;
}

function fill(folder: string, content: FolderContent): void {
  if (typeof content === 'function') content(folder);
  else runProgram('cp', ['-a', `${content}/.`, folder]);
}

/** The root file system has a folder wherever something is mounted. */
function withMountPoints(spec: CtSpec): (root: string) => void {
  return (root) => {
    fill(root, spec.rootfs ?? smallDebian(spec.hostname));
    for (const { path } of spec.mountPoints ?? []) mkdirSync(`${root}${path}`, { recursive: true });
  };
}

function makeMountPoint(volumes: Volumes, point: MountPointSpec): string {
  if ('bind' in point) return `${point.bind},mp=${point.path}`;
  const volume = makeSubvol(volumes, point.storage ?? 'local', point.content);
  return `${volume},mp=${point.path}${point.backup === true ? ',backup=1' : ''},size=0T`;
}

function smallDebian(hostname: string): (root: string) => void {
  return (root) => {
    for (const folder of [
      'etc',
      'home/user',
      'root',
      'tmp',
      'usr/bin',
      'var/lib',
      'var/log',
      'dev',
      'proc',
      'sys',
      'run',
    ]) {
      mkdirSync(`${root}/${folder}`, { recursive: true });
    }
    writeFileSync(`${root}/etc/hostname`, `${hostname}\n`);
    writeFileSync(`${root}/etc/debian_version`, '12.5\n');
    writeFileSync(`${root}/etc/passwd`, 'root:x:0:0:root:/root:/bin/sh\n');
    writeFileSync(`${root}/home/user/notes.txt`, `written on ${hostname}\n`);
  };
}

function macFor(vmid: number): string {
  const digits = String(vmid).padStart(6, '0');
  return `BC:24:11:${digits.slice(-6, -4)}:${digits.slice(-4, -2)}:${digits.slice(-2)}`;
}

function uuidFor(vmid: number): string {
  return `00000000-0000-4000-8000-${String(vmid).padStart(12, '0')}`;
}
