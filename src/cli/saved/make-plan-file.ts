import { idOf } from '../../apply/planned-item.ts';
import type { HostEntry } from '../../config/site.ts';
import type { Plan } from '../../plan/plan.ts';
import { plannedActions } from '../../plan/planned-actions.ts';
import { reachedHosts } from '../../plan/reached-hosts.ts';
import { type PlanningMoment, preconditionsOf } from '../../plan/saved/preconditions-of.ts';
import { validUntil } from '../../plan/saved/valid-until.ts';
import type { PlanHeader } from '../view/plan-header.ts';
import type { PlanFile, SavedHost, SiteFileName } from './plan-file.ts';

export interface PlanOrigin {
  readonly site: SiteFileName;
  readonly madeBy: string;
  readonly header: PlanHeader;
}

/** What is saved of a plan in the moment that it is made. */
export function makePlanFile(plan: Plan, moment: PlanningMoment, origin: PlanOrigin): PlanFile {
  const { site, facts } = moment;
  const preconditions = plannedActions(plan).map(
    (action) => [idOf(action), preconditionsOf(action, moment)] as const,
  );
  const named = [...preconditions].flatMap(([, list]) => list);
  const hosts = new Set(named.flatMap((one) => ('host' in one ? [one.host] : [])));
  const repositories = new Set(named.flatMap((one) => ('repository' in one ? [one.repository] : [])));
  return {
    kind: 'pvebak-plan',
    version: 1,
    ...origin,
    validUntil: validUntil(plan.madeAt, site.cadenceMs),
    plan,
    hosts: new Map(
      reachedHosts(site, facts)
        .filter(({ entry }) => hosts.has(entry.name))
        .map(({ entry, inventory }) => [entry.name, savedHost(entry, inventory.clusterFingerprint)]),
    ),
    repositories: new Map(
      [...facts.repositories]
        .filter(([name]) => repositories.has(name))
        .map(([name, { id }]) => [name, { id }]),
    ),
    preconditions: new Map(preconditions),
  };
}

function savedHost(entry: HostEntry, clusterFingerprint: string): SavedHost {
  const { id, dumpDir, backupCompression, cleanup, vzdump } = entry;
  return { id, clusterFingerprint, dumpDir, backupCompression, cleanup, vzdump };
}
