import type { Site } from '../config/site.ts';
import { collectNotes } from './collect-notes.ts';
import { declarePolicies } from './declare-policies.ts';
import type { Facts } from './facts.ts';
import { findHostProblems, findMissingSelections } from './find-host-problems.ts';
import { findOrphans } from './lines/find-orphans.ts';
import { followLines } from './lines/follow-lines.ts';
import type { Plan } from './plan.ts';
import { planBackups } from './plan-backups.ts';
import { planNodeConfigs } from './plan-node-configs.ts';
import type { PlanProblem } from './plan-problem.ts';
import { planPrunes } from './plan-prunes.ts';
import { planRestores } from './plan-restores.ts';
import { planVerifies } from './plan-verifies.ts';
import { planForget } from './retention/plan-forget.ts';
import { selectGuests } from './select-guests.ts';

export interface PlanOptions {
  /** Restore intents named on the command line. */
  readonly restoreNames?: readonly string[];
  /** Guests whose snapshots may go however many they are: `qemu/101`, or `all`. */
  readonly released?: readonly string[];
  /** Guests whose lock of a backup may be taken away: `qemu/101`, or `all`. */
  readonly unlocked?: readonly string[];
  /** Whether restores may bring what reaches the node, all of them. */
  readonly allowsHostAccess?: boolean;
}

/**
 * Compares what the site declares with what is there. Pure: the same site and facts give the same plan.
 * A problem stands only for something that could not be asked, or that is wanted now and cannot be done;
 * nothing is planned for it.
 */
export function makePlan(
  site: Site,
  before: Facts,
  { restoreNames = [], released = [], unlocked = [], allowsHostAccess = false }: PlanOptions = {},
): Plan {
  const { facts, adopts, notes: moveNotes } = followLines(site, inOrder(before));
  const { selected, leftAlone, skipped, uncovered, problems } = selectGuests(site, facts);
  const backups = planBackups(site, facts, selected, unlocked);
  const { problems: nodeProblems, ...nodeConfigs } = planNodeConfigs(site, facts);
  const restores = planRestores(site, facts, { named: restoreNames, backups, allowsHostAccess });
  const verifies = planVerifies(site, facts, { selected, backups: backups.backups });
  const orphans = findOrphans(site, facts, restores.restores);
  const forgets = planForget(facts, {
    selected,
    orphans,
    adopts,
    restores: restores.restores,
    backups: backups.backups,
    site,
    released,
  });
  const declarations = declarePolicies(site, facts);
  return {
    madeAt: facts.now,
    adopts,
    backups: backups.backups,
    waiting: backups.waiting,
    blocked: backups.blocked,
    fresh: backups.fresh,
    nodeConfigs,
    restores: restores.restores,
    verifies,
    forgets: forgets.forgets,
    prunes: planPrunes(site, facts),
    held: forgets.held,
    ...(declarations.length > 0 && { declarations }),
    suspicious: forgets.suspicious,
    orphans: orphans.map(({ orphan }) => orphan),
    restoresAtRest: restores.atRest,
    leftAlone,
    skipped,
    uncovered,
    problems: [
      ...findHostProblems(site, facts),
      ...findMissingSelections(site, facts),
      ...problems,
      ...(site.guards?.uncovered === 'fail' ? uncoveredProblems(uncovered) : []),
      ...backups.problems,
      ...nodeProblems,
      ...restores.problems,
      ...forgets.problems,
    ],
    notes: [...moveNotes, ...collectNotes(site, facts, selected), ...restores.notes],
  };
}

/** With each repository's snapshots by id: of two that were begun in the same millisecond the order decides which is kept. */
function inOrder(facts: Facts): Facts {
  const repositories = [...facts.repositories].map(
    ([name, held]) =>
      [name, { ...held, snapshots: held.snapshots.toSorted((a, b) => (a.id < b.id ? -1 : 1)) }] as const,
  );
  return { ...facts, repositories: new Map(repositories) };
}

function uncoveredProblems(uncovered: Plan['uncovered']): readonly PlanProblem[] {
  return [...Map.groupBy(uncovered, ({ host }) => host)].map(([host, guests]) => ({
    kind: 'uncovered',
    host,
    guests: guests.map(({ guest }) => guest),
  }));
}
