/** What the API answers about storages. */
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { PVE } from './cluster.ts';
import { digestOf } from './guest-config.ts';
import { isOnline } from './lab-state.ts';
import { isOnNode, readStorages, type Storage } from './volumes.ts';

export function storages(): readonly unknown[] {
  const digest = digestOf(readFileSync(`${PVE}/storage.cfg`, 'utf8'));
  return readStorages().map((storage) => ({
    ...Object.fromEntries(storage.properties),
    ...(storage.disabled ? { disable: 1 } : {}),
    digest,
    storage: storage.name,
    type: 'dir',
  }));
}

export function nodeStorages(node: string): readonly unknown[] {
  return readStorages().map((storage) => {
    const enabled = isOnNode(storage, node) && !storage.disabled;
    const base = { content: storage.content.join(','), shared: 0, storage: storage.name, type: 'dir' };
    if (!enabled) return { ...base, active: 0, avail: 0, enabled: 0, total: 0, used: 0 };
    const { total, used, available } = spaceOf(storage.path);
    return { ...base, active: 1, avail: available, enabled: 1, total, used, used_fraction: used / total };
  });
}

export function storageResources(node: string): readonly object[] {
  const here = readStorages().filter((storage) => isOnNode(storage, node) && !storage.disabled);
  return here.map((storage) => storageResource(storage, node));
}

function storageResource(storage: Storage, node: string): object {
  const base = {
    content: storage.content.join(','),
    id: `storage/${node}/${storage.name}`,
    node,
    plugintype: 'dir',
    shared: 0,
    storage: storage.name,
    type: 'storage',
  };
  if (!isOnline(node)) return { ...base, status: 'unknown' };
  const { total, used } = spaceOf(storage.path);
  return { ...base, disk: used, maxdisk: total, status: 'available' };
}

interface Space {
  readonly total: number;
  readonly used: number;
  readonly available: number;
}

/** In bytes, of the file system behind a path. */
export function spaceOf(path: string): Space {
  const { bsize, blocks, bfree, bavail } = statfsSync(existsSync(path) ? path : '/');
  return { total: bsize * blocks, used: bsize * (blocks - bfree), available: bsize * bavail };
}
