import type { NodeConfigAction } from './node-config-plan.ts';
import type { BackupAction, Plan, RestoreAction } from './plan.ts';

export type PlannedAction = NodeConfigAction | BackupAction | RestoreAction;

/** All that would be done, in the order in which each node does it: its own configuration, backups, restores. */
export function plannedActions({ nodeConfigs, backups, restores }: Plan): readonly PlannedAction[] {
  return [...nodeConfigs.due, ...backups, ...restores];
}
