import type { BackupMode, BackupPolicy, Site } from '../config/site.ts';
import { type BackupEstimate, estimateBackup } from './estimate-backup.ts';
import type { Facts, GuestSnapshot } from './facts.ts';
import { findObstacles, isOnOfflineNode, isUnlocked } from './find-obstacles.ts';
import { type Freshness, judgeFreshness } from './judge-freshness.ts';
import type { BackupAction, FreshGuest, WaitingBackup } from './plan.ts';
import type { PlanProblem } from './plan-problem.ts';
import { guestLabel, type ReachedHost, reachedHosts } from './reached-hosts.ts';
import { demandOf, type PolicyDemand, whenItMayBegin } from './schedule-demand.ts';
import type { SelectedGuest } from './select-guests.ts';
import { historyOf, indexSnapshots, type SnapshotIndex } from './snapshot-index.ts';

export interface BackupPlan {
  readonly backups: readonly BackupAction[];
  /** Due, and possible, in hours in which none may begin. */
  readonly waiting: readonly WaitingBackup[];
  readonly fresh: readonly FreshGuest[];
  /** Due, and not possible now: a problem names the guest or its node. */
  readonly blocked: readonly BackupAction[];
  readonly problems: readonly PlanProblem[];
}

/**
 * Which of the selected guests are dumped: one dump for each repository, whichever policies share it.
 * @param unlocked guests whose lock of a backup may be taken away: `qemu/101`, or `all`
 */
export function planBackups(
  site: Site,
  facts: Facts,
  selected: readonly SelectedGuest[],
  unlocked: readonly string[] = [],
): BackupPlan {
  const indexes = new Map(
    [...facts.repositories].map(([name, one]) => [name, indexSnapshots(one.snapshots)]),
  );
  const demands = new Map(site.backups.map((policy) => [policy, demandOf(policy, facts.now)]));
  const hostIds = hostIdsByCluster(reachedHosts(site, facts));
  const verdicts = selected.flatMap((guest) =>
    [...Map.groupBy(guest.policies, (policy) => policy.repository)].map(([repository, policies]): Verdict => {
      const clusterIds = hostIds.get(guest.host.inventory.clusterFingerprint) ?? new Set();
      const history = historyOf(guest.guest, indexOf(indexes, repository), clusterIds);
      const estimate = estimateBackup(guest.guest, history.snapshots);
      const asked = policies.flatMap((policy) => demands.get(policy) ?? []);
      const freshness = judgeFreshness(history, asked, {
        now: facts.now,
        cadenceMs: site.cadenceMs,
        durationMs: estimate.durationMs ?? 0,
        damaged: facts.repositories.get(repository)?.damaged ?? new Set(),
      });
      return { guest, repository, policies, freshness, estimate };
    }),
  );
  const wanted = verdicts.flatMap((verdict) => toBackup(verdict, unlocked));
  const obstacles = findAllObstacles(wanted, unlocked);
  const possible = wanted.filter((one) => !obstacles.has(one.guest));
  return {
    backups: possible.filter(({ waits }) => waits === undefined).map(({ action }) => action),
    waiting: possible.flatMap(({ waits }) => waits ?? []),
    blocked: wanted.filter((one) => obstacles.has(one.guest)).map(({ action }) => action),
    fresh: verdicts.flatMap(toFresh),
    problems: [...obstacles.values()].flat(),
  };
}

interface Verdict {
  readonly guest: SelectedGuest;
  readonly repository: string;
  readonly policies: readonly BackupPolicy[];
  readonly freshness: Freshness<GuestSnapshot, PolicyDemand>;
  readonly estimate: BackupEstimate;
}

interface WantedBackup {
  readonly guest: SelectedGuest;
  readonly action: BackupAction;
  /** Set when it may not begin now. */
  readonly waits: WaitingBackup | undefined;
}

/** Ids of all host entries into a cluster, by its fingerprint. */
function hostIdsByCluster(hosts: readonly ReachedHost[]): ReadonlyMap<string, ReadonlySet<string>> {
  const clusters = Map.groupBy(hosts, (host) => host.inventory.clusterFingerprint);
  return new Map([...clusters].map(([name, ways]) => [name, new Set(ways.map((host) => host.entry.id))]));
}

function indexOf(indexes: ReadonlyMap<string, SnapshotIndex>, repository: string): SnapshotIndex {
  const index = indexes.get(repository);
  if (index === undefined) throw new Error(`no facts about the repository ${repository}`);
  return index;
}

function toBackup(verdict: Verdict, unlocked: readonly string[]): readonly WantedBackup[] {
  const { guest: selected, repository, policies, freshness, estimate } = verdict;
  if (freshness.kind === 'fresh') return [];
  const { host, guest } = selected;
  const { deciding, notAfter, waits } = whenItMayBegin(freshness.due);
  const common = {
    host: host.entry.name,
    guest: guestLabel(guest),
    identity: guest.identity,
    repository,
    policies: policies.map((policy) => policy.name),
    reason: deciding.reason,
    ...(freshness.newest === undefined ? {} : { newest: freshness.newest }),
    estimate,
  };
  const action: BackupAction = {
    kind: 'backup',
    ...common,
    mode: modesOf(policies)[0]?.mode ?? defaultModeOf(policies) ?? host.entry.backupMode,
    volumes: guest.volumes,
    ...(isUnlocked(guest, unlocked) && { unlocks: true }),
    ...(notAfter !== undefined && { notAfter }),
  };
  return [{ guest: selected, action, waits: waits && { ...common, ...waits } }];
}

/** The modes that policies state themselves. */
function modesOf(
  policies: readonly BackupPolicy[],
): readonly { readonly policy: string; readonly mode: BackupMode }[] {
  return policies.flatMap(({ name: policy, backupMode: mode }) =>
    mode === undefined ? [] : [{ policy, mode }],
  );
}

function defaultModeOf(policies: readonly BackupPolicy[]): BackupMode | undefined {
  return policies.find(({ defaultMode }) => defaultMode !== undefined)?.defaultMode;
}

function toFresh({ guest: { host, guest }, policies, freshness }: Verdict): readonly FreshGuest[] {
  if (freshness.kind === 'due') return [];
  return [
    {
      host: host.entry.name,
      guest: guestLabel(guest),
      policies: policies.map((policy) => policy.name),
      newest: freshness.newest,
      ageMs: freshness.ageMs,
      rpoMs: Math.min(...policies.map(({ rpoMs }) => rpoMs)),
    },
  ];
}

/** Guests that cannot be dumped, each with its problems, however many repositories want it. */
function findAllObstacles(
  wanted: readonly WantedBackup[],
  unlocked: readonly string[],
): ReadonlyMap<SelectedGuest, readonly PlanProblem[]> {
  const obstacles = new Map<SelectedGuest, readonly PlanProblem[]>();
  for (const [guest, group] of Map.groupBy(wanted, (one) => one.guest)) {
    const problems = [
      ...findObstacles(
        guest,
        group.flatMap(({ action }) => action.policies),
        unlocked,
      ),
      ...group.flatMap(({ action }) => contradictingModes(guest, action)),
    ];
    if (isOnOfflineNode(guest)) obstacles.set(guest, []);
    else if (problems.length > 0) obstacles.set(guest, problems);
  }
  return obstacles;
}

function contradictingModes(
  { policies }: SelectedGuest,
  { host, guest, repository }: BackupAction,
): readonly PlanProblem[] {
  const stated = modesOf(policies.filter((policy) => policy.repository === repository));
  if (new Set(stated.map(({ mode }) => mode)).size < 2) return [];
  return [
    {
      kind: 'modes-contradict',
      host,
      guest,
      repository,
      policies: stated.map(({ policy }) => policy),
      modes: stated.map(({ mode }) => mode),
    },
  ];
}
