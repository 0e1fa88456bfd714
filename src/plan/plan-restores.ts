import type { RestoreIntent, Site } from '../config/site.ts';
import type { Vmid } from '../pve/guest.ts';
import { checkRestoreTarget, type RestoreTarget, restoreTarget } from './check-restore-target.ts';
import type { Facts, GuestSnapshot, RestoredTarget } from './facts.ts';
import { findAwaitedBackup } from './find-awaited-backup.ts';
import { findRestoreSnapshot } from './find-restore-snapshot.ts';
import type { AwaitedBackup, PlanProblem, RestoreAction, RestoreAtRest } from './plan.ts';
import type { BackupPlan } from './plan-backups.ts';
import { guestKey, guestLabel, reachedHosts } from './reached-hosts.ts';
import { isAsWanted, restoredFrom } from './restored-from.ts';

export interface RestoreQuestion {
  /** Intents named on the command line. */
  readonly named: readonly string[];
  readonly backups: Pick<BackupPlan, 'backups' | 'blocked' | 'waiting'>;
}

export interface RestorePlan {
  readonly restores: readonly RestoreAction[];
  readonly atRest: readonly RestoreAtRest[];
  readonly problems: readonly PlanProblem[];
}

/**
 * Which intents act now. One whose target exists is at rest, until it is named, which replaces; with `when: changed`, named
 * or not, as long as it was restored from the wanted snapshot. One whose first backup is still to come is at rest until
 * then; a named one is wanted now, and a problem.
 */
export function planRestores(site: Site, facts: Facts, { named, backups }: RestoreQuestion): RestorePlan {
  const hosts = reachedHosts(site, facts);
  const outcomes = inOrder(site.restores).map((intent): Outcome => {
    const isNamed = named.includes(intent.name);
    if (intent.manual && !isNamed) return { atRest: { intent: intent.name, kind: 'manual' } };
    const host = hosts.find((one) => one.entry.name === intent.to.host);
    if (host === undefined) return { problems: [hostUnreachable(intent)] };
    const target = restoreTarget(intent, host);
    const found = findRestoreSnapshot(intent, snapshotsOf(facts, intent.repository));
    const from = restoredFrom(target, facts);
    const atRest = restingOf(intent, { ...target, from, found, isNamed });
    if (atRest !== undefined) return { atRest };
    const awaited = isNamed ? undefined : findAwaitedBackup(intent, backups, site.hosts);
    return planRestore(intent, { ...target, from }, 'problem' in found && awaited ? { awaited } : found);
  });
  return splitClaims([...outcomes, ...unknownNames(site, named)]);
}

/** Lower orders first, then those without; equal ones as the file has them. */
function inOrder(intents: readonly RestoreIntent[]): readonly RestoreIntent[] {
  const rank = ({ order }: RestoreIntent) => order ?? Number.MAX_SAFE_INTEGER;
  return intents.toSorted((a, b) => rank(a) - rank(b));
}

type Outcome =
  | { readonly action: RestoreAction; readonly claim: Claim }
  /** With a claim when it will act later. */
  | { readonly atRest: RestoreAtRest; readonly claim?: Claim }
  | { readonly problems: readonly PlanProblem[] };
/** The place in a cluster that a restore will take. */
interface Claim {
  readonly key: string;
  readonly intent: string;
  readonly vmid: Vmid;
}
type Existing = NonNullable<RestoreTarget['existing']>;

function hostUnreachable(intent: RestoreIntent): PlanProblem {
  return { kind: 'restore-host-unreachable', intent: intent.name, host: intent.to.host };
}

interface Seen extends RestoreTarget {
  /** What the guest that is there was restored from. */
  readonly from: RestoredTarget | undefined;
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

function snapshotsOf(facts: Facts, repository: string): readonly GuestSnapshot[] {
  const found = facts.repositories.get(repository);
  if (found === undefined) throw new Error(`no facts about the repository ${repository}`);
  return found.snapshots;
}

type KnownTarget = RestoreTarget & Pick<Seen, 'from'>;
type Source = ReturnType<typeof findRestoreSnapshot> | { readonly awaited: AwaitedBackup };

function planRestore(intent: RestoreIntent, target: KnownTarget, source: Source): Outcome {
  const faults = checkRestoreTarget(intent, target);
  if ('problem' in source) return { problems: [source.problem, ...faults] };
  if (faults.length > 0) return { problems: faults };
  const claim = claimOf(intent, target);
  if ('awaited' in source)
    return { atRest: { intent: intent.name, kind: 'blocked-by-backup', backup: source.awaited }, claim };
  return { action: restoreAction(intent, target, source.snapshot), claim };
}

/** A vmid belongs to one guest, of whichever type. */
function claimOf({ name, to: { vmid } }: RestoreIntent, { host }: RestoreTarget): Claim {
  return { key: guestKey(host.inventory, { type: 'qemu', vmid }), intent: name, vmid };
}

function restoreAction(
  intent: RestoreIntent,
  { node, existing, from }: KnownTarget,
  snapshot: GuestSnapshot,
): RestoreAction {
  return {
    kind: 'restore',
    intent: intent.name,
    repository: intent.repository,
    snapshot,
    to: { ...intent.to, node, ...howItGets(intent) },
    ...(intent.order !== undefined && { order: intent.order }),
    replaces: existing && guestLabel(existing),
    ...(existing && isUp(existing) && { stops: true }),
    reason: existing === undefined ? { kind: 'target-missing' } : replaceReason(intent, from),
  };
}

function replaceReason({ when }: RestoreIntent, from: RestoredTarget | undefined): RestoreAction['reason'] {
  if (when !== 'changed') return { kind: 'replace-asked' };
  return { kind: 'target-changed', ...(from !== undefined && { from: from.snapshot }) };
}

/** Paused and half-started ones are stopped, too. */
function isUp({ status }: Existing): boolean {
  return status !== 'stopped' && status !== 'unknown';
}

function howItGets({ map, bwlimitKiB, mode }: RestoreIntent): Partial<RestoreAction['to']> {
  return {
    ...(map !== undefined && { map }),
    ...(bwlimitKiB !== undefined && { bwlimitKiB }),
    ...(mode !== undefined && { mode }),
  };
}

function unknownNames(site: Site, named: readonly string[]): readonly Outcome[] {
  const known = new Set(site.restores.map((intent) => intent.name));
  return named
    .filter((name) => !known.has(name))
    .map((name) => ({ problems: [{ kind: 'restore-name-unknown', intent: name }] }));
}

/** Sorts the outcomes; of several restores to one vmid the first acts or waits, the others are problems. */
function splitClaims(outcomes: readonly Outcome[]): RestorePlan {
  const claims = new Map<string, string>();
  const restores: RestoreAction[] = [];
  const atRest: RestoreAtRest[] = [];
  const problems: PlanProblem[] = [];
  for (const outcome of outcomes) {
    const claim = 'claim' in outcome ? outcome.claim : undefined;
    const by = claim && claims.get(claim.key);
    if (claim !== undefined && by === undefined) claims.set(claim.key, claim.intent);
    if (claim !== undefined && by !== undefined) problems.push(claimed(claim, by));
    else if ('problems' in outcome) problems.push(...outcome.problems);
    else if ('atRest' in outcome) atRest.push(outcome.atRest);
    else restores.push(outcome.action);
  }
  return { restores, atRest, problems };
}

function claimed({ intent, vmid }: Claim, by: string): PlanProblem {
  return { kind: 'restore-target-claimed', intent, by, vmid };
}
