/**
 * Storages of type dir and the volumes on them. Whatever a volume is called, the lab keeps raw bytes (a VM's disk) or a folder
 * (a container's subvol) in it.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename } from 'node:path';
import { PVE } from './cluster.ts';
import { nodeName } from './lab-state.ts';
import { ToolError } from './tool-error.ts';

export interface Storage {
  readonly name: string;
  readonly path: string;
  readonly content: readonly string[];
  readonly nodes: readonly string[] | undefined;
  readonly disabled: boolean;
  /** All the properties as they stand in storage.cfg. */
  readonly properties: ReadonlyMap<string, string>;
}

export function readStorages(): readonly Storage[] {
  return parseStorages(readFileSync(`${PVE}/storage.cfg`, 'utf8'));
}

export function parseStorages(config: string): readonly Storage[] {
  return config.split(/^(?=\S)/m).flatMap((section) => {
    const [, name] = /^dir:\s*(\S+)/.exec(section) ?? [];
    return name === undefined ? [] : [storageFrom(name, section)];
  });
}

/** @throws ToolError when it does not exist or not on this node */
export function usableStorage(name: string): Storage {
  const storage = readStorages().find((each) => each.name === name);
  if (storage === undefined) throw new ToolError(`storage '${name}' does not exist`);
  if (!isOnNode(storage, nodeName())) {
    throw new ToolError(`storage '${name}' is not available on node '${nodeName()}'`);
  }
  return storage;
}

export function isOnNode(storage: Storage, node: string): boolean {
  return storage.nodes?.includes(node) ?? true;
}

/** The file or folder behind `local:101/vm-101-disk-0.raw`. @throws ToolError when the storage is not usable */
export function volumePath(volume: string): string {
  const [, storage = '', rest = ''] = /^([^:]+):(.*)$/.exec(volume) ?? [];
  if (rest.startsWith('backup/'))
    return `${usableStorage(storage).path}/dump/${rest.slice('backup/'.length)}`;
  return `${usableStorage(storage).path}/images/${rest}`;
}

/** Makes a volume, sparse, or as a folder for format subvol. @returns its volume id */
export function allocateVolume(storage: Storage, vmid: string, format: string, size: number): string {
  const folder = `${storage.path}/images/${vmid}`;
  mkdirSync(folder, { recursive: true });
  const volume = `${storage.name}:${vmid}/${freeName(folder, vmid, format)}`;
  const path = volumePath(volume);
  if (format === 'subvol') mkdirSync(path);
  else writeFileSync(path, '');
  if (format !== 'subvol') truncateSync(path, size);
  return volume;
}

export function freeVolume(volume: string): void {
  const path = volumePath(volume);
  rmSync(path, { recursive: true, force: true });
  const folder = path.slice(0, -basename(path).length - 1);
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

/** In bytes; of a subvol 0. */
export function volumeSize(path: string): number {
  const found = statSync(path);
  return found.isDirectory() ? 0 : found.size;
}

/** `local:101/vm-101-disk-0.raw,size=64M` → its volume id; undefined for CD drives and for what is no volume. */
export function volumeOf(drive: string): string | undefined {
  const volume = (drive.split(',')[0] ?? '').replace(/^(?:file|volume)=/, '');
  return drive.includes('media=cdrom') || !/^[a-z][\w.-]*:\d+\//i.test(volume) ? undefined : volume;
}

function storageFrom(name: string, section: string): Storage {
  const lines = section
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const properties = new Map(lines.map((line) => split(line)));
  return {
    name,
    path: properties.get('path') ?? '',
    content: (properties.get('content') ?? 'images,rootdir').split(','),
    nodes: properties.get('nodes')?.split(','),
    disabled: properties.has('disable') && properties.get('disable') !== '0',
    properties,
  };
}

function split(line: string): readonly [string, string] {
  const [, key = '', value = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  return [key, value];
}

function freeName(folder: string, vmid: string, format: string): string {
  const taken = readdirSync(folder).map((name) => /-disk-(\d+)\./.exec(name)?.[1] ?? '');
  let number = 0;
  while (taken.includes(String(number))) number++;
  return format === 'subvol' ? `subvol-${vmid}-disk-${number}.subvol` : `vm-${vmid}-disk-${number}.${format}`;
}
