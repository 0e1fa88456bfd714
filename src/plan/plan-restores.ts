import type { RestoreIntent, Site } from '../config/site.ts';
import { checkRestoreTarget, type RestoreTarget, TargetHost } from './check-restore-target.ts';
import { expandRestores, type PlannedIntent } from './expand-restores.ts';
import type { Facts } from './facts.ts';
import { findAwaitedBackup } from './find-awaited-backup.ts';
import { findRestoreSnapshot } from './find-restore-snapshot.ts';
import { isNamedEntry, isNamedIntent } from './intent-names.ts';
import { judgeRestoredAccess } from './judge-restored-access.ts';
import { mergeMembers } from './merge-members.ts';
import type { AwaitedBackup, RestoreAtRest } from './plan.ts';
import type { BackupPlan } from './plan-backups.ts';
import type { PlanProblem } from './plan-problem.ts';
import { guestLabel, reachedHosts } from './reached-hosts.ts';
import { type KnownTarget, restoreAction } from './restore-action.ts';
import { restoreNeeds } from './restore-needs.ts';
import { isAsWanted, restoredFrom } from './restored-from.ts';
import { claimOf, type RestoreOutcome, type RestorePlan, settleRestores } from './settle-restores.ts';
import { SnapshotsByGuest } from './snapshots-by-guest.ts';

export interface RestoreQuestion {
  /** Intents named on the command line. */
  readonly named: readonly string[];
  readonly backups: Pick<BackupPlan, 'backups' | 'blocked' | 'waiting'>;
  /** Whether any of them may bring what reaches the node. */
  readonly allowsHostAccess: boolean;
}

/**
 * Which intents act now. One whose target exists is at rest, until it is named, which replaces; with `when: changed`, named
 * or not, as long as it was restored from the wanted snapshot. One whose first backup is still to come is at rest until
 * then; a named one is wanted now, and a problem.
 */
export function planRestores(site: Site, facts: Facts, question: RestoreQuestion): RestorePlan {
  const { named, backups } = question;
  const context = { facts, allowsAll: question.allowsHostAccess };
  const hosts = new Map(reachedHosts(site, facts).map((host) => [host.entry.name, new TargetHost(host)]));
  const snapshots = new SnapshotsByGuest(facts);
  const [acting, resting] = partition(
    site.restores,
    ({ manual, name }) => !manual || isNamedEntry(name, named),
  );
  const expanded = acting.map((entry) => expandRestores(entry, { hosts: site.hosts, facts, backups }));
  const intents = expanded.flatMap((one) => one.intents);
  const asked = intents.filter(({ manual, name }) => !manual || isNamedIntent(name, named));
  const outcomes = inOrder(asked).map((intent): RestoreOutcome => {
    const isNamed = isNamedIntent(intent.name, named);
    const target = hosts.get(intent.to.host)?.at(intent.to.vmid);
    if (target === undefined) return { problems: [hostUnreachable(intent)] };
    const found = findRestoreSnapshot(intent, snapshots.of(intent));
    const from = restoredFrom(target, facts);
    const atRest = restingOf(intent, { ...target, from, found, isNamed });
    if (atRest !== undefined) return { atRest };
    const awaited =
      isNamed || 'snapshot' in found ? undefined : findAwaitedBackup(intent, backups, site.hosts);
    const source = awaited === undefined ? found : { awaited };
    const original = isNamed ? [] : ontoOriginal(intent, target, source);
    if (original.length > 0) return { problems: original };
    return planRestore(intent, { target: { ...target, from }, source }, context);
  });
  const settled = settleRestores([
    ...outcomes,
    ...resting.map(({ name }): RestoreOutcome => ({ atRest: { intent: name, kind: 'manual' } })),
    ...unknownNames(site, intents, named),
  ]);
  return {
    ...settled,
    problems: mergeMembers([...expanded.flatMap(({ problems }) => problems), ...settled.problems]),
    notes: mergeMembers([...expanded.flatMap(({ notes }) => notes), ...settled.notes]),
  };
}

function partition<Entry>(
  entries: readonly Entry[],
  belongs: (entry: Entry) => boolean,
): readonly [readonly Entry[], readonly Entry[]] {
  return [entries.filter(belongs), entries.filter((entry) => !belongs(entry))];
}

/** Lower orders first, then those without; equal ones as the file has them. */
function inOrder(intents: readonly PlannedIntent[]): readonly PlannedIntent[] {
  const rank = ({ order }: PlannedIntent) => order ?? Number.MAX_SAFE_INTEGER;
  return intents.toSorted((a, b) => rank(a) - rank(b));
}

function hostUnreachable(intent: RestoreIntent): PlanProblem {
  return { kind: 'restore-host-unreachable', intent: intent.name, host: intent.to.host };
}

interface Seen extends KnownTarget {
  readonly found: ReturnType<typeof findRestoreSnapshot>;
  readonly isNamed: boolean;
}

/** Why the guest that is there is enough; undefined when it is not. One of the other type is never what the intent would have made. */
function restingOf(
  intent: RestoreIntent,
  { existing, from, found, isNamed }: Seen,
): RestoreAtRest | undefined {
  if (existing === undefined || existing.ref.type !== intent.guest.type) return undefined;
  const at = { intent: intent.name, target: guestLabel(existing) };
  if (intent.when !== 'changed') return isNamed ? undefined : { ...at, kind: 'target-exists' };
  const snapshot = 'snapshot' in found ? found.snapshot : undefined;
  if (from === undefined || !isAsWanted(from, intent, snapshot)) return undefined;
  return { ...at, kind: 'target-as-wanted', snapshot: from.snapshot };
}

/** Whether an intent would put the very machine of the backup back to it, through whichever host entry, without being named. */
function ontoOriginal(
  { name }: PlannedIntent,
  { existing }: RestoreTarget,
  source: Source,
): readonly PlanProblem[] {
  if (existing === undefined || !('snapshot' in source)) return [];
  const isOriginal = existing.identity.line === source.snapshot.line;
  return isOriginal ? [{ kind: 'restore-target-is-source', intent: name, target: guestLabel(existing) }] : [];
}

type Source = ReturnType<typeof findRestoreSnapshot> | { readonly awaited: AwaitedBackup };

function planRestore(
  intent: PlannedIntent,
  { target, source }: { readonly target: KnownTarget; readonly source: Source },
  { facts, allowsAll }: { readonly facts: Facts; readonly allowsAll: boolean },
): RestoreOutcome {
  const contents =
    'snapshot' in source
      ? facts.repositories.get(intent.repository)?.contents?.get(source.snapshot.id)
      : undefined;
  const { problems: faults, notes } = checkRestoreTarget(intent, target, contents);
  if ('problem' in source) return { problems: [source.problem, ...faults] };
  const access = judgeRestoredAccess(intent, { contents, existing: target.existing }, allowsAll);
  const problems = [...faults, ...access.problems];
  if (problems.length > 0) return { problems };
  const claim = claimOf(intent, target);
  if ('awaited' in source)
    return { atRest: { intent: intent.name, kind: 'blocked-by-backup', backup: source.awaited }, claim };
  const needs = contents === undefined ? [] : restoreNeeds(intent, contents);
  const action = restoreAction(intent, target, { snapshot: source.snapshot, name: contents?.name });
  return {
    action: { ...action, ...(access.comes.length > 0 && { hostAccess: access.comes }) },
    claim,
    room: { intent: intent.name, target, needs },
    notes,
  };
}

function unknownNames(
  { restores }: Pick<Site, 'restores'>,
  intents: readonly PlannedIntent[],
  named: readonly string[],
): readonly RestoreOutcome[] {
  const known = new Set([...restores, ...intents].map(({ name }) => name));
  return named
    .filter((name) => !known.has(name))
    .map((name) => ({ problems: [{ kind: 'restore-name-unknown', intent: name }] }));
}
