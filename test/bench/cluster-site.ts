import { byIdentity, labSite } from '../cli/lab-site.ts';
import type { BenchNodes } from './bench-node.ts';

/** A site of a cluster, all of whose guests are due. The first node is the way in. */
export function clusterSite(nodes: BenchNodes, names: readonly string[]): string {
  const [first, ...others] = names.map((name) => nodes.node(name));
  if (first === undefined) throw new Error('a cluster without nodes');
  const keys = [first, ...others].map(({ hostKeyFingerprint }) => `"${hostKeyFingerprint}"`);
  const places = others.map(({ name, host, port }) => `${name}: { location: "proxmox://${host}:${port}" }`);
  const pve = byIdentity(first, { host_key: `[ ${keys.join(', ')} ]`, nodes: `{ ${places.join(', ')} }` });
  return labSite({ hosts: { pve }, backups: ['{ name: all, host: pve, all: true, rpo: 1s }'] });
}
