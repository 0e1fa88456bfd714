import type { BackupPolicy, PolicySelection, Site } from '../config/site.ts';
import type { Guest } from '../pve/inventory.ts';
import type { Facts } from './facts.ts';
import { isInScope } from './guest-scope.ts';
import { isSkipping, type SkippedGuests, skippedGuests } from './judge-skips.ts';
import { matchFilter } from './match-filter.ts';
import type { GuestLabel, LeftAlone, SkippedGuest } from './plan.ts';
import type { PlanProblem } from './plan-problem.ts';
import { firstOfEachCluster, guestKey, guestLabel, type ReachedHost, reachedHosts } from './reached-hosts.ts';

/** A guest that at least one policy wants backed up. */
export interface SelectedGuest {
  readonly host: ReachedHost;
  readonly guest: Guest;
  /** In the order of the site file. */
  readonly policies: readonly BackupPolicy[];
}

export interface Selection {
  /** By first policy, then in the order of the inventory. */
  readonly selected: readonly SelectedGuest[];
  readonly leftAlone: readonly LeftAlone[];
  readonly skipped: readonly SkippedGuest[];
  readonly uncovered: readonly { readonly host: string; readonly guest: GuestLabel }[];
  readonly problems: readonly PlanProblem[];
}

/**
 * Which policies want which guests. A guest of a cluster that several host entries lead into counts once:
 * under the entry whose own node it runs on, where such an entry selects it, else under the first that does. What is skipped no
 * policy selects; fallbacks select what is left after all others.
 */
export function selectGuests(site: Site, facts: Facts): Selection {
  const hosts = reachedHosts(site, facts);
  const skips = (site.skips ?? []).filter((skip) => isSkipping(skip, facts.now));
  const skipped = skippedGuests(skips.flatMap((skip) => candidatesOf(skip, hosts)));
  const candidates = claims(site, hosts, skipped);
  const covered = new Set([
    ...skipped.byKey.keys(),
    ...candidates.filter((one) => one.verdict !== 'not-included').map((one) => one.key),
  ]);
  return {
    selected: [...Map.groupBy(candidates.filter(isSelected), (one) => one.key).values()].flatMap(
      mergeCandidates,
    ),
    leftAlone: firstOfEachPolicy(candidates).flatMap(toLeftAlone),
    skipped: skipped.guests,
    uncovered: firstOfEachCluster(hosts).flatMap((host) => uncoveredOf(host, covered)),
    problems: [
      ...(site.skips ?? [])
        .filter((skip) => !skips.includes(skip))
        .map(({ name, owner, until }): PlanProblem => ({ kind: 'skip-ended', policy: name, owner, until })),
      ...skipped.contradictions(site.backups.flatMap((policy) => candidatesOf(policy, hosts))),
    ],
  };
}

/** A guest as one policy sees it through one host entry. */
export interface Candidate<Policy extends PolicySelection> {
  readonly key: string;
  readonly policy: Policy;
  readonly host: ReachedHost;
  readonly guest: Guest;
  readonly verdict: 'selected' | 'not-included' | { readonly excludedBy: string };
}

/** Of all policies in order, without what is skipped, nor, of fallbacks, what others claim. */
function claims(
  site: Site,
  hosts: readonly ReachedHost[],
  { byKey }: SkippedGuests,
): readonly Candidate<BackupPolicy>[] {
  const all = site.backups
    .flatMap((policy) => candidatesOf(policy, hosts))
    .filter(({ key }) => !byKey.has(key));
  const claimed = new Set(
    all.filter((one) => isSelected(one) && one.policy.fallback !== true).map(({ key }) => key),
  );
  return all.filter(({ policy, key }) => policy.fallback !== true || !claimed.has(key));
}

function candidatesOf<Policy extends PolicySelection>(
  policy: Policy,
  hosts: readonly ReachedHost[],
): readonly Candidate<Policy>[] {
  return policy.hosts
    .flatMap((name) => hosts.filter((host) => host.entry.name === name))
    .flatMap((host) =>
      host.inventory.guests
        .filter((guest) => isInScope(policy, guest))
        .map((guest) => ({
          key: guestKey(host.inventory, guest.ref),
          policy,
          host,
          guest,
          verdict: judge(policy, guest),
        })),
    );
}

function judge(policy: PolicySelection, guest: Guest): Candidate<PolicySelection>['verdict'] {
  const excludedBy = policy.exclude && matchFilter(guest, policy.exclude);
  if (excludedBy !== undefined) return { excludedBy };
  const included = policy.include === undefined || matchFilter(guest, policy.include) !== undefined;
  return included ? 'selected' : 'not-included';
}

function isSelected(candidate: Candidate<PolicySelection>): boolean {
  return candidate.verdict === 'selected';
}

/** One guest out of all that select it, in order. */
function mergeCandidates(candidates: readonly Candidate<BackupPolicy>[]): readonly SelectedGuest[] {
  const best = candidates.find(isOnOwnNode) ?? candidates[0];
  if (best === undefined) return [];
  const policies = [...new Set(candidates.map((candidate) => candidate.policy))];
  return [{ host: best.host, guest: best.guest, policies }];
}

function isOnOwnNode({ host, guest }: Candidate<PolicySelection>): boolean {
  return guest.node === host.inventory.localNode;
}

function firstOfEachPolicy(
  candidates: readonly Candidate<BackupPolicy>[],
): readonly Candidate<BackupPolicy>[] {
  const seen = new Set<string>();
  return candidates.filter(({ policy, key }) => {
    const pair = `${policy.name} ${key}`;
    return !seen.has(pair) && seen.add(pair);
  });
}

function toLeftAlone({ policy, host, guest, verdict }: Candidate<BackupPolicy>): readonly LeftAlone[] {
  if (verdict === 'selected') return [];
  return [
    {
      host: host.entry.name,
      guest: guestLabel(guest),
      policy: policy.name,
      reason: verdict === 'not-included' ? { kind: verdict } : { kind: 'excluded', by: verdict.excludedBy },
    },
  ];
}

function uncoveredOf(host: ReachedHost, covered: ReadonlySet<string>): Selection['uncovered'] {
  return host.inventory.guests
    .filter((guest) => !covered.has(guestKey(host.inventory, guest.ref)))
    .map((guest) => ({ host: host.entry.name, guest: guestLabel(guest) }));
}
