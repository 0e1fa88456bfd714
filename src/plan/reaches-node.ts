import type { NodeName } from '../pve/guest.ts';
import type { ReachedHost } from './reached-hosts.ts';

/**
 * Whether a host entry leads to a node of its cluster: the one that answered, or, over SSH, any whose address the site
 * file or the cluster states. A local entry leads to its own node only.
 */
export function reachesNode({ entry, inventory }: ReachedHost, node: NodeName): boolean {
  if (node === inventory.localNode) return true;
  if (entry.access.kind === 'local') return false;
  const stated = inventory.nodes.find(({ name }) => name === node)?.address;
  return stated !== undefined || entry.access.nodes?.get(node)?.addresses !== undefined;
}
