import type { PlannedAction } from '../plan/planned-actions.ts';
import type { ApplyEvent, ItemOutcome } from './apply-event.ts';
import { idOf, labelOf } from './planned-item.ts';
import type { ItemResult } from './run-plan.ts';

/** Does one action after the other, and tells of each; once aborted, the rest are skipped. @param work never throws */
export async function runEach<Action extends PlannedAction>(
  actions: readonly Action[],
  { emit, signal }: { readonly emit: (event: ApplyEvent) => void; readonly signal: AbortSignal },
  work: (action: Action) => Promise<ItemOutcome>,
): Promise<readonly ItemResult[]> {
  const results: ItemResult[] = [];
  for (const action of actions) {
    const [item, label] = [idOf(action), labelOf(action)];
    emit({ kind: 'item-started', item, label });
    const outcome: ItemOutcome = signal.aborted
      ? { kind: 'skipped', reason: 'interrupted before it began' }
      : await work(action);
    emit({ kind: 'item-ended', item, outcome });
    results.push({ item, label, outcome });
  }
  return results;
}
