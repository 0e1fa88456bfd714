import type { RestoreIntent, Site } from '../config/site.ts';
import { checkRestoreTarget, type RestoreTarget, restoreTarget } from './check-restore-target.ts';
import type { Facts, GuestSnapshot } from './facts.ts';
import { findRestoreSnapshot } from './find-restore-snapshot.ts';
import type { PlanProblem, RestoreAction, RestoreAtRest } from './plan.ts';
import { guestKey, guestLabel, reachedHosts } from './reached-hosts.ts';

export interface RestorePlan {
  readonly restores: readonly RestoreAction[];
  readonly atRest: readonly RestoreAtRest[];
  readonly problems: readonly PlanProblem[];
}

/**
 * Which intents act now. One whose target exists is at rest: nothing records what was restored, so a target
 * that is there counts as restored, until the intent is named. Only a named one replaces.
 * @param named intents named on the command line
 */
export function planRestores(site: Site, facts: Facts, named: readonly string[]): RestorePlan {
  const hosts = reachedHosts(site, facts);
  const outcomes = inOrder(site.restores).map((intent): Outcome => {
    const isNamed = named.includes(intent.name);
    if (intent.manual && !isNamed) return { atRest: { intent: intent.name, kind: 'manual' } };
    const host = hosts.find((one) => one.entry.name === intent.to.host);
    if (host === undefined) return { problems: [hostUnreachable(intent)] };
    const target = restoreTarget(intent, host);
    if (isRestored(intent, target, isNamed)) return { atRest: targetExists(intent, target.existing) };
    return planRestore(intent, target, snapshotsOf(facts, intent.repository));
  });
  return splitClaims([...outcomes, ...unknownNames(site, named)]);
}

/** Lower orders first, then those without; equal ones as the file has them. */
function inOrder(intents: readonly RestoreIntent[]): readonly RestoreIntent[] {
  const rank = ({ order }: RestoreIntent) => order ?? Number.MAX_SAFE_INTEGER;
  return intents.toSorted((a, b) => rank(a) - rank(b));
}

type Outcome =
  | { readonly action: RestoreAction; readonly claim: string }
  | { readonly atRest: RestoreAtRest }
  | { readonly problems: readonly PlanProblem[] };
type Existing = NonNullable<RestoreTarget['existing']>;

function hostUnreachable(intent: RestoreIntent): PlanProblem {
  return { kind: 'restore-host-unreachable', intent: intent.name, host: intent.to.host };
}

/** A guest of the other type is never what the intent would have made. */
function isRestored(
  intent: RestoreIntent,
  target: RestoreTarget,
  isNamed: boolean,
): target is RestoreTarget & { readonly existing: Existing } {
  return !isNamed && target.existing?.ref.type === intent.guest.type;
}

function targetExists(intent: RestoreIntent, existing: Existing): RestoreAtRest {
  return { intent: intent.name, kind: 'target-exists', target: guestLabel(existing) };
}

function snapshotsOf(facts: Facts, repository: string): readonly GuestSnapshot[] {
  const found = facts.repositories.get(repository);
  if (found === undefined) throw new Error(`no facts about the repository ${repository}`);
  return found.snapshots;
}

function planRestore(
  intent: RestoreIntent,
  target: RestoreTarget,
  snapshots: readonly GuestSnapshot[],
): Outcome {
  const found = findRestoreSnapshot(intent, snapshots);
  const faults = checkRestoreTarget(intent, target);
  if ('problem' in found) return { problems: [found.problem, ...faults] };
  if (faults.length > 0) return { problems: faults };
  return {
    action: restoreAction(intent, target, found.snapshot),
    claim: guestKey(target.host.inventory, { type: 'qemu', vmid: intent.to.vmid }),
  };
}

function restoreAction(
  intent: RestoreIntent,
  { node, existing }: RestoreTarget,
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
    reason: { kind: existing === undefined ? 'target-missing' : 'replace-asked' },
  };
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

/** Sorts the outcomes; of several restores to one vmid the first acts, the others are problems. */
function splitClaims(outcomes: readonly Outcome[]): RestorePlan {
  const claims = new Map<string, string>();
  const restores: RestoreAction[] = [];
  const atRest: RestoreAtRest[] = [];
  const problems: PlanProblem[] = [];
  for (const outcome of outcomes) {
    if ('problems' in outcome) problems.push(...outcome.problems);
    else if ('atRest' in outcome) atRest.push(outcome.atRest);
    else {
      const { action, claim } = outcome;
      const by = claims.get(claim);
      if (by === undefined) restores.push(action);
      else problems.push({ kind: 'restore-target-claimed', intent: action.intent, by, vmid: action.to.vmid });
      claims.set(claim, by ?? action.intent);
    }
  }
  return { restores, atRest, problems };
}
