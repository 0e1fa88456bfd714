import type { RecheckForgets } from '../apply/run-forgets.ts';
import type { Site } from '../config/site.ts';
import type { Facts, HostFacts } from '../plan/facts.ts';
import { hostsOf } from '../plan/lines/find-orphans.ts';
import type { ForgetAction } from '../plan/retention/forget-plan.ts';
import { checkPreconditions, type SavedExpectations } from '../plan/saved/check-preconditions.ts';
import type { Precondition } from '../plan/saved/precondition.ts';
import { preconditionsOf } from '../plan/saved/preconditions-of.ts';
import { presentMoment } from '../plan/saved/present-moment.ts';
import type { Repository } from '../repository/repository.ts';
import { askHost, askRepository } from './gather-facts.ts';
import type { Surroundings } from './surroundings.ts';
import { staleReasonText } from './view/stale-reason-text.ts';

/**
 * Looks again, as a run may take the whole night: at pins and damage, and of what is taken to be gone also at the hosts and at
 * what was backed up since.
 * @param planned what was known when the plan was made
 */
export function recheckForgets(
  site: Site,
  planned: { readonly facts: Facts; readonly repositories: ReadonlyMap<string, Repository> },
  surroundings: Surroundings,
): RecheckForgets {
  const expected = expectationsOf(site, planned.facts);
  return async (repository, actions) => {
    const open = planned.repositories.get(repository);
    if (open === undefined) throw new Error(`the repository ${repository} is not open`);
    const now = surroundings.clock();
    const hosts = await askAgain(site, actions, surroundings);
    const held = await askRepository(open, now);
    const [unread] = held.unread ?? [];
    if (unread !== undefined) return new Map(actions.map((action) => [action, unread]));
    const repositories = new Map([[repository, held]]);
    const present = presentMoment(site, { now, hosts, repositories });
    return new Map(
      actions.flatMap((action) => {
        const preconditions = preconditionsOf(action, { site, facts: planned.facts }).filter((one) =>
          mattersNow(one, action),
        );
        const verdict = checkPreconditions(preconditions, expected, present);
        if (verdict.kind === 'holds') return [];
        return [[action, verdict.kind === 'stale' ? staleReasonText(verdict.why) : verdict.reason]];
      }),
    );
  };
}

/** A guest that is there was backed up since by this very run; who forgot some of it already was as right. */
function mattersNow({ kind }: Precondition, { orphan }: ForgetAction): boolean {
  return kind !== 'snapshots-there' && (kind !== 'no-newer-backup' || orphan !== undefined);
}

function expectationsOf(site: Site, facts: Facts): SavedExpectations {
  const hosts = [...site.hosts.values()].flatMap(({ name, id }) => {
    const found = facts.hosts.get(name);
    if (found?.kind !== 'reached') return [];
    return [[name, { id, clusterFingerprint: found.inventory.clusterFingerprint }] as const];
  });
  const repositories = [...facts.repositories].map(([name, { id }]) => [name, { id }] as const);
  return { hosts: new Map(hosts), repositories: new Map(repositories) };
}

/** Those that made backups of what is taken to be gone. */
async function askAgain(
  site: Site,
  actions: readonly ForgetAction[],
  surroundings: Surroundings,
): Promise<ReadonlyMap<string, HostFacts>> {
  const names = new Set(
    actions.flatMap(({ orphan, forget, keep }) =>
      orphan === undefined ? [] : hostsOf(site, [...forget, ...keep.map(({ snapshot }) => snapshot)]),
    ),
  );
  const entries = [...site.hosts.values()].filter(({ name }) => names.has(name));
  return new Map(
    await Promise.all(entries.map(async (host) => [host.name, await askHost(host, surroundings)] as const)),
  );
}
