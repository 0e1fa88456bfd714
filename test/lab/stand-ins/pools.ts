/**
 * Pools as /etc/pve/user.cfg lists them: `pool:prod/db:comment:101,201:local:`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { PVE } from './cluster.ts';

export interface Pool {
  readonly id: string;
  readonly comment: string;
  readonly vmids: readonly string[];
  readonly storages: readonly string[];
}

export function readPools(root = PVE): readonly Pool[] {
  const file = `${root}/user.cfg`;
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('pool:'))
    .map(parsePool)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function writePools(pools: readonly Pool[], root = PVE): void {
  const lines = pools.map(
    ({ id, comment, vmids, storages }) => `pool:${id}:${comment}:${vmids.join(',')}:${storages.join(',')}:\n`,
  );
  writeFileSync(`${root}/user.cfg`, `user:root@pam:1:0::::::\n\n${lines.join('')}`);
}

/** A guest is in at most one pool. */
export function moveToPool(vmid: string, poolId: string | undefined, root = PVE): void {
  const pools = readPools(root).map((pool) => {
    const others = pool.vmids.filter((each) => each !== vmid);
    return { ...pool, vmids: pool.id === poolId ? [...others, vmid] : others };
  });
  writePools(pools, root);
}

export function poolOf(vmid: string): string | undefined {
  return readPools().find((pool) => pool.vmids.includes(vmid))?.id;
}

function parsePool(line: string): Pool {
  const [, id = '', comment = '', vmids = '', storages = ''] = line.split(':');
  return { id, comment, vmids: list(vmids), storages: list(storages) };
}

function list(text: string): readonly string[] {
  return text.split(',').filter((item) => item !== '');
}
