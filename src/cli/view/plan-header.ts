import type { Site } from '../../config/site.ts';
import type { Facts } from '../../plan/facts.ts';
import { isWhole, type PlanPart } from '../../plan/plan-part.ts';
import { firstOfEachCluster, reachedHosts } from '../../plan/reached-hosts.ts';
import type { SiteRevision } from '../git-revision.ts';

/** What the text of a plan says besides the plan. */
export interface PlanHeader {
  /** The first line: the command and what it is about, `pvebak plan site.yaml`. */
  readonly title: string;
  /** Of the site file, where git knows it. */
  readonly revision?: SiteRevision;
  /** The file of recorded facts that it was made from. */
  readonly recorded?: string;
  /** Set when only a part was asked for. */
  readonly part?: PlanPart;
  /** For moments: `Europe/Berlin`. */
  readonly timeZone: string;
  readonly cadenceMs: number;
  /** How many nodes are worked on at once; absent in plans of earlier versions. */
  readonly parallel?: number;
  /** In the order of the site file. */
  readonly policies: readonly {
    readonly name: string;
    readonly rpoMs: number;
    /** The cron line of its schedule, where it has one. */
    readonly schedule?: string;
  }[];
  readonly nodesOnline: number;
  readonly nodes: number;
  readonly guests: number;
}

/** Counts what was seen, each cluster once. */
export function planHeader(
  site: Site,
  facts: Facts,
  {
    title,
    timeZone,
    revision,
    part,
    recorded,
    parallel,
  }: {
    readonly title: string;
    readonly timeZone: string;
    readonly revision?: SiteRevision | undefined;
    readonly part?: PlanPart;
    readonly recorded?: string | undefined;
    readonly parallel?: number | undefined;
  },
): PlanHeader {
  const inventories = firstOfEachCluster(reachedHosts(site, facts)).map((host) => host.inventory);
  const nodes = inventories.flatMap((inventory) => inventory.nodes);
  return {
    title,
    ...(revision !== undefined && { revision }),
    ...(recorded !== undefined && { recorded }),
    ...(part !== undefined && !isWhole(part) && { part }),
    timeZone,
    cadenceMs: site.cadenceMs,
    ...(parallel !== undefined && { parallel }),
    policies: site.backups.map(({ name, rpoMs, schedule }) => ({
      name,
      rpoMs,
      ...(schedule !== undefined && { schedule: schedule.cron }),
    })),
    nodesOnline: nodes.filter((node) => node.online).length,
    nodes: nodes.length,
    guests: inventories.reduce((sum, inventory) => sum + inventory.guests.length, 0),
  };
}
