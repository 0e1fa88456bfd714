import { idOf, labelOf } from '../apply/planned-item.ts';
import { type ItemResult, runPlan } from '../apply/run-plan.ts';
import type { Site } from '../config/site.ts';
import type { Facts } from '../plan/facts.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlannedAction } from '../plan/planned-actions.ts';
import type { Repository } from '../repository/repository.ts';
import { UserError } from '../user-error.ts';
import { applyPorts } from './apply-ports.ts';
import { exitStatusOfRun } from './exit-status.ts';
import type { Surroundings } from './surroundings.ts';
import { chooseApplyView } from './view/apply-view.ts';
import { runSummary } from './view/run-summary.ts';

export interface KnownSite {
  readonly site: Site;
  readonly facts: Facts;
  readonly repositories: ReadonlyMap<string, Repository>;
}

/** An action of the plan that is not carried out, and why. */
export interface RefusedAction {
  readonly action: PlannedAction;
  readonly outcome: ItemResult['outcome'];
}

/** Another run may be forgetting just then, or begin to. */
const LOCK_PATIENCE_MS = 10_000;

/**
 * Carries a plan out, showing what happens. @returns the exit status
 * @param plan what is to be done; a view shows the refused actions as well
 */
export async function carryOut(
  plan: Plan,
  known: KnownSite,
  options: {
    readonly parallel: number;
    readonly json: boolean;
    readonly refused?: readonly RefusedAction[];
    /** The plan with its refused actions; absent where there are none. */
    readonly whole?: Plan;
  },
  surroundings: Surroundings,
): Promise<number> {
  const { stdout, clock, signal } = surroundings;
  const { refused = [], whole = plan, json, parallel } = options;
  const view = chooseApplyView(whole, { json, parallel, stdout, clock });
  const before = refused.map(({ action, outcome }) => {
    const item = idOf(action);
    const label = labelOf(action);
    view.emit({ kind: 'item-refused', item, label, outcome });
    return { item, label, outcome };
  });
  const repositories = new Map(
    [...known.repositories].map(([name, one]) => [name, { ...one, lockPatienceMs: LOCK_PATIENCE_MS }]),
  );
  const ports = applyPorts(known.site, { ...known, repositories }, surroundings, view.emit);
  let results: readonly ItemResult[];
  try {
    results = [...before, ...(await runPlan(plan, ports, { parallel, signal }))];
  } catch (error) {
    if (signal.aborted) throw new UserError('interrupted', 'interrupted before anything was begun');
    throw error;
  }
  await view.end();
  if (!json) stdout.write(runSummary(results));
  return exitStatusOfRun(plan, results, signal.aborted);
}
