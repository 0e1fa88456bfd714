import type { NodeSnapshot } from '../plan/facts.ts';
import { toNodeSnapshot } from '../plan/node-snapshot.ts';
import type { ResticSnapshot } from '../plan/restic-snapshot.ts';
import { shellLine } from '../transport/shell-line.ts';
import { recoveryId } from './recovery-id.ts';
import type { KitNode } from './recovery-kit.ts';

/**
 * The newest snapshot of each node's own configuration, by host and name, with the line that unpacks it (FORMAT.md,
 * "Snapshots of nodes"). It goes into a folder of its own: what of it is still right on a new node, a person decides.
 * @param all snapshots of the repository, whatever they hold
 * @param where path of the repository
 */
export function recoveryNodes(all: readonly ResticSnapshot[], where: string): readonly KitNode[] {
  const nodes = Map.groupBy(
    all.flatMap((snapshot) => toNodeSnapshot(snapshot) ?? []),
    ({ hostId, node }) => `${hostId} ${node}`,
  );
  return [...nodes.values()]
    .flatMap((snapshots) => {
      const newest = snapshots.toSorted((a, b) => a.time - b.time).at(-1);
      return newest === undefined ? [] : [{ newest, count: snapshots.length }];
    })
    .toSorted(
      ({ newest: a }, { newest: b }) => a.hostId.localeCompare(b.hostId) || a.node.localeCompare(b.node),
    )
    .map(({ newest, count }) => ({
      node: newest.node,
      host: newest.hostId,
      snapshot: newest.id,
      time: new Date(newest.time).toISOString(),
      snapshots: count,
      restic: unpackLine(newest, recoveryId(newest.id, all), where),
    }));
}

function unpackLine({ node }: NodeSnapshot, id: string, where: string): string {
  const archive = `/node/${node}/archive/node-${node}.tar`;
  const folder = `node-${node}`;
  const dump = shellLine(['restic', '-r', where, 'dump', id, archive]);
  return `${shellLine(['mkdir', '-p', folder])} && ${dump} | ${shellLine(['tar', '-x', '-C', folder])}`;
}
