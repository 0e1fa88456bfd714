import type { PolicySelection, Site } from '../config/site.ts';
import type { Vmid } from '../pve/guest.ts';
import type { Facts } from './facts.ts';
import { isInPool } from './guest-scope.ts';
import type { PlanProblem } from './plan-problem.ts';
import {
  firstOfEachCluster,
  guestLabel,
  hostFacts,
  type ReachedHost,
  reachedHosts,
} from './reached-hosts.ts';

/** Hosts that did not answer, then nodes that are off with all guests they hold, each cluster once. */
export function findHostProblems(site: Site, facts: Facts): readonly PlanProblem[] {
  return [
    ...[...site.hosts.keys()].flatMap((name) => unreachable(name, facts)),
    ...firstOfEachCluster(reachedHosts(site, facts)).flatMap(offlineNodes),
  ];
}

/**
 * Policies that name what is not there. Where a host of the policy did not answer, nothing is said: the guest
 * or the pool may be on it, and the silent host is a problem already.
 */
export function findMissingSelections(site: Site, facts: Facts): readonly PlanProblem[] {
  const hosts = reachedHosts(site, facts);
  return [...site.backups, ...(site.skips ?? [])]
    .filter((policy) => policy.hosts.every((name) => hostFacts(facts, name).kind === 'reached'))
    .flatMap((policy) =>
      missingOf(
        policy,
        hosts.filter((host) => policy.hosts.includes(host.entry.name)),
      ),
    );
}

function unreachable(host: string, facts: Facts): readonly PlanProblem[] {
  const found = hostFacts(facts, host);
  return found.kind === 'unreachable' ? [{ kind: 'host-unreachable', host, reason: found.reason }] : [];
}

function offlineNodes({ entry, inventory }: ReachedHost): readonly PlanProblem[] {
  return inventory.nodes
    .filter((node) => !node.online)
    .map((node) => ({
      kind: 'node-offline',
      host: entry.name,
      node: node.name,
      guests: inventory.guests.filter((guest) => guest.node === node.name).map(guestLabel),
    }));
}

function missingOf(policy: PolicySelection, hosts: readonly ReachedHost[]): readonly PlanProblem[] {
  switch (policy.select.kind) {
    case 'all':
      return [];
    case 'vmid':
      return missingVmids(policy, policy.select.vmids, hosts);
    case 'pool':
      return missingPool(policy, policy.select.pool, hosts);
  }
}

function missingVmids(
  policy: PolicySelection,
  vmids: readonly Vmid[],
  hosts: readonly ReachedHost[],
): readonly PlanProblem[] {
  const present = new Set(hosts.flatMap((host) => host.inventory.guests.map((guest) => guest.ref.vmid)));
  return vmids
    .filter((vmid) => !present.has(vmid))
    .map((vmid) => ({ kind: 'vmid-missing', policy: policy.name, vmid, hosts: policy.hosts }));
}

function missingPool(
  policy: PolicySelection,
  pool: string,
  hosts: readonly ReachedHost[],
): readonly PlanProblem[] {
  if (!hosts.some((host) => host.inventory.pools.includes(pool))) {
    return [{ kind: 'pool-missing', policy: policy.name, pool, hosts: policy.hosts }];
  }
  const hasMember = hosts.some((host) => host.inventory.guests.some((guest) => isInPool(guest, pool)));
  return hasMember ? [] : [{ kind: 'pool-empty', policy: policy.name, pool }];
}
