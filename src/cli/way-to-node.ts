import type { NodeWay } from '../apply/node-way.ts';
import type { HostEntry, NodeAccess } from '../config/site.ts';
import type { NodeName } from '../pve/guest.ts';
import type { Inventory } from '../pve/inventory.ts';
import type { Surroundings } from './surroundings.ts';
import { type SshAccess, sshWay, wayIn } from './way-in.ts';

/** How long a node without a route is waited for before the jump. */
const DIRECT_TIMEOUT_MS = 5_000;

/**
 * How one node of a host entry's cluster is reached: by the entry itself when that is the node; else by the address that
 * the site file or the cluster states; and where no connection gets there, through the entry.
 * @throws UserError `secret`
 */
export async function wayToNode(
  host: HostEntry,
  target: { readonly node: NodeName; readonly inventory: Inventory | undefined },
  surroundings: Surroundings,
): Promise<NodeWay> {
  const { access } = host;
  const { node, inventory } = target;
  const entry = await wayIn(host, surroundings);
  if (access.kind === 'local' || inventory === undefined || inventory.nodes.length < 2)
    return { kind: 'entry', way: entry };
  const own = access.nodes?.get(node);
  const addresses = own?.addresses ?? statedAddress(inventory, node, access);
  if (addresses === undefined || (own?.addresses === undefined && node === inventory.localNode))
    return { kind: 'entry-on-node', way: entry, host: host.name, node };
  const way = await sshWay(host, { ...nodeAccess(access, own), addresses }, surroundings);
  if (way.kind !== 'ssh2') return { kind: 'entry', way };
  const options = { ...way.options, connectTimeoutMs: DIRECT_TIMEOUT_MS };
  return { kind: 'direct', way: { ...way, options }, entry };
}

function nodeAccess(access: SshAccess, own: NodeAccess | undefined): SshAccess {
  return own?.hostKeys === undefined ? access : { ...access, hostKeys: own.hostKeys };
}

function statedAddress(
  inventory: Inventory,
  node: NodeName,
  access: SshAccess,
): SshAccess['addresses'] | undefined {
  const address = inventory.nodes.find(({ name }) => name === node)?.address;
  return address === undefined ? undefined : [{ host: address, port: access.addresses[0]?.port ?? 22 }];
}
