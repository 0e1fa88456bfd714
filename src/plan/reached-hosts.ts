import type { HostEntry, Site } from '../config/site.ts';
import type { GuestRef } from '../pve/guest.ts';
import { formatGuestRef } from '../pve/guest.ts';
import type { Guest, Inventory } from '../pve/inventory.ts';
import type { Facts, HostFacts } from './facts.ts';
import type { GuestLabel } from './plan.ts';

/** A host entry that answered. */
export interface ReachedHost {
  readonly entry: HostEntry;
  readonly inventory: Inventory;
}

/** The hosts that answered, in the order of the site file. */
export function reachedHosts(site: Pick<Site, 'hosts'>, facts: Facts): readonly ReachedHost[] {
  return [...site.hosts.values()].flatMap((entry) => {
    const host = hostFacts(facts, entry.name);
    return host.kind === 'reached' ? [{ entry, inventory: host.inventory }] : [];
  });
}

/** One of each cluster: the first host entry that leads into it. */
export function firstOfEachCluster(hosts: readonly ReachedHost[]): readonly ReachedHost[] {
  const clusters = new Map<string, ReachedHost>();
  for (const host of hosts) {
    if (!clusters.has(host.inventory.clusterFingerprint))
      clusters.set(host.inventory.clusterFingerprint, host);
  }
  return [...clusters.values()];
}

/** What was found out about a host entry. Having asked every entry is the caller's duty. */
export function hostFacts(facts: Facts, name: string): HostFacts {
  const host = facts.hosts.get(name);
  if (host === undefined) throw new Error(`no facts about the host ${name}`);
  return host;
}

/** Tells guests of all clusters apart; the same through every way into a cluster. */
export function guestKey(inventory: Inventory, ref: GuestRef): string {
  return `${inventory.clusterFingerprint}/${formatGuestRef(ref)}`;
}

export function guestLabel({ ref, name, node, template }: Guest): GuestLabel {
  return { ref, ...(name !== undefined && { name }), node, ...(template && { template }) };
}
