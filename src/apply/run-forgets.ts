import type { ForgetAction } from '../plan/retention/forget-plan.ts';
import { formatGuestRef } from '../pve/guest.ts';
import { type ForgetSnapshots, withForgetting } from '../repository/forget-snapshots.ts';
import type { Repository } from '../repository/repository.ts';
import { type ApplyEvent, type ItemOutcome, itemId } from './apply-event.ts';
import { failedOutcome } from './failed-outcome.ts';
import { idOf, labelOf } from './planned-item.ts';
import type { ItemResult } from './run-plan.ts';

/**
 * Looks again whether what was planned may be forgotten, right before that.
 * @returns of those that may not, why
 */
export type RecheckForgets = (
  repository: string,
  actions: readonly ForgetAction[],
) => Promise<ReadonlyMap<ForgetAction, string>>;

export interface ForgetPorts {
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly recheck: RecheckForgets;
  readonly emit: (event: ApplyEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Forgets what the plan says, one repository after the other, each locked once. Of a guest whose backup was counted on and
 * not made, or brought far more than is usual, nothing is forgotten, nor where a snapshot is gone that was to stay: then somebody else was at work since the plan. Only of an
 * orphan all may go. All of it is looked at again right before.
 */
export async function runForgets(
  actions: readonly ForgetAction[],
  before: readonly ItemResult[],
  ports: ForgetPorts,
): Promise<readonly ItemResult[]> {
  const results: ItemResult[] = [];
  const end = (action: ForgetAction, outcome: ItemOutcome) => {
    const item = idOf(action);
    ports.emit({ kind: 'item-ended', item, outcome });
    results.push({ item, label: labelOf(action), outcome });
  };
  for (const [repository, group] of Map.groupBy(actions, (action) => action.repository)) {
    for (const action of group)
      ports.emit({ kind: 'item-started', item: idOf(action), label: labelOf(action) });
    const ready = group.filter((action) => {
      const reason = whyNot(action, before, ports.signal);
      if (reason !== undefined) end(action, { kind: 'skipped', reason });
      return reason === undefined;
    });
    if (ready.length > 0) await forgetIn(repository, ready, ports, end);
  }
  return results;
}

async function forgetIn(
  name: string,
  actions: readonly ForgetAction[],
  { repositories, recheck, signal }: ForgetPorts,
  end: (action: ForgetAction, outcome: ItemOutcome) => void,
): Promise<void> {
  const repository = repositories.get(name);
  if (repository === undefined) throw new Error(`the repository ${name} is not open`);
  const left = new Set(actions);
  try {
    const changed = await recheck(name, actions);
    for (const [action, why] of changed) {
      left.delete(action);
      end(action, { kind: 'skipped', reason: `since the plan was made: ${why}` });
    }
    if (left.size === 0) return;
    await withForgetting(repository, { signal }, async (forget) => {
      for (const action of actions.filter((one) => !changed.has(one))) {
        const outcome = await forgetOne(action, forget);
        left.delete(action);
        end(action, outcome);
      }
    });
  } catch (error) {
    for (const action of left) end(action, failedOutcome(error, signal.aborted));
  }
}

async function forgetOne(action: ForgetAction, forget: ForgetSnapshots): Promise<ItemOutcome> {
  const ids = action.forget.map(({ id }) => id);
  const keep = action.keep.map(({ snapshot }) => snapshot.id);
  if (await forget(ids, keep)) return { kind: 'forgotten', snapshots: ids };
  return {
    kind: 'skipped',
    reason: 'a snapshot that was to stay is gone since the plan was made; plan again',
  };
}

function whyNot(
  action: ForgetAction,
  before: readonly ItemResult[],
  signal: AbortSignal,
): string | undefined {
  if (signal.aborted) return 'interrupted before it began';
  if (action.orphan !== undefined) return undefined;
  if (!areJoined(action, before))
    return 'the history from where it was could not be joined, so that nothing is forgotten';
  if (action.keep.length === 0 && !action.afterBackup) return 'nothing of its line would be left';
  if (action.afterBackup) {
    const newBytes = broughtBy(action, before);
    if (newBytes === undefined) return 'its backup was not made, so that nothing is forgotten';
    if (newBytes > (action.mostNewBytes ?? Number.POSITIVE_INFINITY))
      return 'its backup brought far more new data than usual: look at it, then pvebak ack';
  }
  return wasNotProved(action, before)
    ? 'its newest backup was not found whole, so that nothing is forgotten'
    : undefined;
}

function areJoined(
  { repository, host, guest, adopts = [] }: ForgetAction,
  before: readonly ItemResult[],
): boolean {
  const joined = new Set(before.filter(({ outcome }) => outcome.kind === 'adopted').map(({ item }) => item));
  return adopts.every((line) =>
    joined.has(itemId('adopt', repository, host, formatGuestRef(guest.ref), line)),
  );
}

function wasNotProved({ repository, host, guest }: ForgetAction, before: readonly ItemResult[]): boolean {
  const verify = itemId('verify', repository, host, formatGuestRef(guest.ref));
  return before.some(({ item, outcome }) => item === verify && outcome.kind === 'failed');
}

/** @returns the new bytes of the guest's backup in this run; undefined when there was none */
function broughtBy(
  { repository, host, guest }: ForgetAction,
  before: readonly ItemResult[],
): number | undefined {
  const backup = itemId('backup', repository, host, formatGuestRef(guest.ref));
  const outcome = before.find(({ item }) => item === backup)?.outcome;
  return outcome?.kind === 'backed-up' ? outcome.report.newBytes : undefined;
}
