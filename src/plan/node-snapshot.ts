import { type NodeName, parseNodeName } from '../pve/guest.ts';
import type { NodeSnapshot } from './facts.ts';
import { parseSnapshotTime, type ResticSnapshot, tagValues } from './restic-snapshot.ts';

/**
 * Reads a restic snapshot as one of a node's own configuration (FORMAT.md, "Snapshots of nodes").
 * @returns undefined when it is none: no `pvebak` tag, not exactly one path `/node/NAME`, no tag `node=` that agrees,
 * or no time
 */
export function toNodeSnapshot(snapshot: ResticSnapshot): NodeSnapshot | undefined {
  const { id, original, hostname, paths, tags } = snapshot;
  const node = nodeOfPaths(paths);
  const time = parseSnapshotTime(snapshot.time);
  if (node === undefined || time === undefined) return undefined;
  if (!tags.includes('pvebak') || !tags.includes(`node=${node}`)) return undefined;
  const run = tagValues(tags, 'run')[0];
  return {
    id,
    ...(original === undefined ? {} : { original }),
    time,
    hostId: hostname,
    node,
    ...(run === undefined ? {} : { run }),
  };
}

function nodeOfPaths([path, ...others]: readonly string[]): NodeName | undefined {
  const name = /^\/node\/([^/]+)$/.exec(path ?? '')?.[1];
  return others.length > 0 ? undefined : parseNodeName(name);
}
