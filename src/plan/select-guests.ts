import type { BackupPolicy, Site } from '../config/site.ts';
import type { Guest } from '../pve/inventory.ts';
import type { Facts } from './facts.ts';
import { matchFilter } from './match-filter.ts';
import type { GuestLabel, LeftAlone } from './plan.ts';
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
  readonly uncovered: readonly { readonly host: string; readonly guest: GuestLabel }[];
}

/**
 * Which policies want which guests. A guest of a cluster that several host entries lead into counts once:
 * under the entry whose own node it runs on, where such an entry selects it, else under the first that does.
 */
export function selectGuests(site: Site, facts: Facts): Selection {
  const hosts = reachedHosts(site, facts);
  const candidates = site.backups.flatMap((policy) => candidatesOf(policy, hosts));
  const covered = new Set(candidates.filter((one) => one.verdict !== 'not-included').map((one) => one.key));
  return {
    selected: [...Map.groupBy(candidates.filter(isSelected), (one) => one.key).values()].flatMap(
      mergeCandidates,
    ),
    leftAlone: firstOfEachPolicy(candidates).flatMap(toLeftAlone),
    uncovered: firstOfEachCluster(hosts).flatMap((host) => uncoveredOf(host, covered)),
  };
}

/** Whether the policy's vmid, pool or all takes in a guest; include and exclude come after that. */
export function isInScope(policy: BackupPolicy, guest: Guest): boolean {
  switch (policy.select.kind) {
    case 'all':
      return true;
    case 'pool':
      return guest.pool === policy.select.pool;
    case 'vmid':
      return policy.select.vmids.includes(guest.ref.vmid);
  }
}

/** A guest as one policy sees it through one host entry. */
interface Candidate {
  readonly key: string;
  readonly policy: BackupPolicy;
  readonly host: ReachedHost;
  readonly guest: Guest;
  readonly verdict: 'selected' | 'not-included' | { readonly excludedBy: string };
}

function candidatesOf(policy: BackupPolicy, hosts: readonly ReachedHost[]): readonly Candidate[] {
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

function judge(policy: BackupPolicy, guest: Guest): Candidate['verdict'] {
  const excludedBy = policy.exclude && matchFilter(guest, policy.exclude);
  if (excludedBy !== undefined) return { excludedBy };
  const included = policy.include === undefined || matchFilter(guest, policy.include) !== undefined;
  return included ? 'selected' : 'not-included';
}

function isSelected(candidate: Candidate): boolean {
  return candidate.verdict === 'selected';
}

/** One guest out of all that select it, in order. */
function mergeCandidates(candidates: readonly Candidate[]): readonly SelectedGuest[] {
  const best = candidates.find(isOnOwnNode) ?? candidates[0];
  if (best === undefined) return [];
  const policies = [...new Set(candidates.map((candidate) => candidate.policy))];
  return [{ host: best.host, guest: best.guest, policies }];
}

function isOnOwnNode({ host, guest }: Candidate): boolean {
  return guest.node === host.inventory.localNode;
}

function firstOfEachPolicy(candidates: readonly Candidate[]): readonly Candidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ policy, key }) => {
    const pair = `${policy.name} ${key}`;
    return !seen.has(pair) && seen.add(pair);
  });
}

function toLeftAlone({ policy, host, guest, verdict }: Candidate): readonly LeftAlone[] {
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
