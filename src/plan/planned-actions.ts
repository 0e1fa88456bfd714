import type { AdoptAction } from './lines/adopt-action.ts';
import type { NodeConfigAction } from './node-config-plan.ts';
import type { BackupAction, Plan, PruneAction, RestoreAction, VerifyAction } from './plan.ts';
import type { ForgetAction } from './retention/forget-plan.ts';

/** What is done on a node. */
export type NodeAction = NodeConfigAction | BackupAction | RestoreAction;

export type PlannedAction = AdoptAction | NodeAction | VerifyAction | ForgetAction | PruneAction;

/** In the order in which each node does it: its own configuration, backups, restores. */
export function nodeActions({ nodeConfigs, backups, restores }: Plan): readonly NodeAction[] {
  return [...nodeConfigs.due, ...backups, ...restores];
}

/** All that would be done: lines are joined first; what removes something comes last. */
export function plannedActions(plan: Plan): readonly PlannedAction[] {
  return [...plan.adopts, ...nodeActions(plan), ...plan.verifies, ...plan.forgets, ...plan.prunes];
}

/** The same plan without some of its actions. */
export function withoutActions(plan: Plan, dropped: ReadonlySet<PlannedAction>): Plan {
  const kept = <Action extends PlannedAction>(actions: readonly Action[]) =>
    actions.filter((action) => !dropped.has(action));
  const { adopts, nodeConfigs, backups, restores, verifies, forgets, prunes } = plan;
  return {
    ...plan,
    adopts: kept(adopts),
    nodeConfigs: { ...nodeConfigs, due: kept(nodeConfigs.due) },
    backups: kept(backups),
    restores: kept(restores),
    verifies: kept(verifies),
    forgets: kept(forgets),
    prunes: kept(prunes),
  };
}
