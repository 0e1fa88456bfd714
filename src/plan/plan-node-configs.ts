import type { Site } from '../config/site.ts';
import type { NodeName } from '../pve/guest.ts';
import type { Facts, NodeSnapshot, RepositoryFacts } from './facts.ts';
import { type Demand, type Freshness, judgeFreshness } from './judge-freshness.ts';
import type { FreshNodeConfig, NodeConfigAction, NodeConfigPlan } from './node-config-plan.ts';
import type { PlanProblem } from './plan-problem.ts';
import { type ReachedHost, reachedHosts } from './reached-hosts.ts';
import { reachesNode } from './reaches-node.ts';

/**
 * Which nodes' own configurations are kept now: those of the online nodes of each host entry with `config_backup`, each
 * node once, in every repository that a policy of the entry names, as fresh as the shortest rpo of those policies asks.
 * An entry without policies has its nodes kept in the site's first repository, in every run. A local entry speaks
 * for its own node only.
 */
export function planNodeConfigs(
  site: Site,
  facts: Facts,
): NodeConfigPlan & { readonly problems: readonly PlanProblem[] } {
  const clusters = Map.groupBy(reachedHosts(site, facts), (host) => host.inventory.clusterFingerprint);
  const verdicts = [...clusters.values()].flatMap((ways) => judgeCluster(ways, site, facts));
  return {
    due: verdicts.flatMap(toAction),
    fresh: verdicts.flatMap(toFresh),
    problems: verdicts.flatMap(toProblem),
  };
}

/** How fresh a repository's copies must be; where no policy asks, every run makes one. */
interface RepositoryDemand extends Demand {
  readonly repository: string;
}

interface Verdict {
  readonly node: NodeName;
  readonly host: ReachedHost;
  readonly demand: RepositoryDemand;
  readonly freshness: Freshness<NodeSnapshot, RepositoryDemand>;
}

/** @param ways all host entries into one cluster */
function judgeCluster(ways: readonly ReachedHost[], site: Site, facts: Facts): readonly Verdict[] {
  const asking = ways.filter(({ entry }) => entry.configBackup === true);
  const hostIds = new Set(ways.map(({ entry }) => entry.id));
  const clock = { now: facts.now, cadenceMs: site.cadenceMs };
  return nodesOf(asking).flatMap(({ node, host }) =>
    demandsOf(asking, site).map((demand) => {
      const { nodeSnapshots, damaged } = heldIn(demand.repository, facts);
      const snapshots = nodeSnapshots.filter((one) => one.node === node && hostIds.has(one.hostId));
      const terms = { ...clock, durationMs: 0, damaged };
      return { node, host, demand, freshness: judgeFreshness({ snapshots, otherLines: 0 }, [demand], terms) };
    }),
  );
}

/** Each online node with the way into it; with the first entry where there is no way. */
function nodesOf(
  asking: readonly ReachedHost[],
): readonly { readonly node: NodeName; readonly host: ReachedHost }[] {
  const [first] = asking;
  if (first === undefined) return [];
  const cluster = asking.find(({ entry }) => entry.access.kind === 'ssh');
  const online = first.inventory.nodes.filter((node) => node.online);
  return online.flatMap(({ name: node }) => {
    const own = asking.find(({ inventory }) => inventory.localNode === node);
    const host = own ?? asking.find((one) => reachesNode(one, node)) ?? cluster;
    return host === undefined ? [] : [{ node, host }];
  });
}

function demandsOf(asking: readonly ReachedHost[], site: Site): readonly RepositoryDemand[] {
  const names = new Set(asking.map(({ entry }) => entry.name));
  const policies = site.backups.filter(({ hosts }) => hosts.some((name) => names.has(name)));
  const demands = new Map<string, RepositoryDemand>();
  for (const { name: policy, repository, rpoMs } of policies) {
    const known = demands.get(repository);
    if (known === undefined || rpoMs < known.rpoMs) demands.set(repository, { repository, policy, rpoMs });
  }
  if (demands.size > 0) return [...demands.values()];
  return [...site.repositories.keys()]
    .slice(0, 1)
    .map((repository) => ({ repository, policy: undefined, rpoMs: site.cadenceMs }));
}

function heldIn(repository: string, facts: Facts): RepositoryFacts {
  const known = facts.repositories.get(repository);
  if (known === undefined) throw new Error(`no facts about the repository ${repository}`);
  return known;
}

function toAction({ node, host, demand, freshness }: Verdict): readonly NodeConfigAction[] {
  if (freshness.kind === 'fresh' || !reachesNode(host, node)) return [];
  const { repository } = demand;
  return freshness.due.map(({ reason }) => ({
    kind: 'node-config',
    host: host.entry.name,
    node,
    repository,
    reason,
  }));
}

function toFresh({ node, host, demand, freshness }: Verdict): readonly FreshNodeConfig[] {
  if (freshness.kind === 'due') return [];
  const { newest, ageMs } = freshness;
  const { repository, rpoMs } = demand;
  return [{ host: host.entry.name, node, repository, newest, ageMs, rpoMs }];
}

function toProblem({ node, host, freshness }: Verdict): readonly PlanProblem[] {
  if (freshness.kind === 'fresh' || reachesNode(host, node)) return [];
  return [{ kind: 'node-config-elsewhere', host: host.entry.name, node }];
}
