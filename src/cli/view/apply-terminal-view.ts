import { Listr, type ListrTask } from 'listr2';
import { type ItemId, type ItemOutcome, isDone, type Progress } from '../../apply/apply-event.ts';
import { hostOf, idOf, labelOf } from '../../apply/planned-item.ts';
import type { Plan } from '../../plan/plan.ts';
import { type PlannedAction, plannedActions } from '../../plan/planned-actions.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import type { ApplyView } from './apply-view.ts';
import { labelText, outcomeText, progressText, retryText } from './outcome-text.ts';
import { terminalSafe } from './terminal-safe.ts';

const REDRAW_MS = 100;

interface Watched {
  readonly ended: Promise<ItemOutcome>;
  readonly end: (outcome: ItemOutcome) => void;
  show: (text: string) => void;
  progress: Progress | undefined;
  shownAt: number;
}

/** A live list: hosts beside each other, the actions of each below it, one line of progress for each that runs. */
export function applyTerminalView(plan: Plan, parallel: number): ApplyView {
  const watched = new Map<ItemId, Watched>();
  const lanes = Map.groupBy(plannedActions(plan), laneOf);
  const tasks = [...lanes].map(
    ([host, actions]): ListrTask => ({
      title: terminalSafe(host),
      task: (_, task) =>
        task.newListr(
          actions.map((action) => itemTask(action, watched)),
          { concurrent: false, exitOnError: false },
        ),
    }),
  );
  const list = new Listr(tasks, {
    concurrent: parallel,
    exitOnError: false,
    registerSignalListeners: false,
    rendererOptions: {
      collapseSubtasks: false,
      collapseErrors: false,
      showErrorMessage: true,
      suffixSkips: false,
    },
  });
  const done = list.run().catch(() => undefined);
  return {
    emit(event) {
      const item = watched.get(event.item) ?? watch(watched, event.item);
      if (event.kind === 'item-ended' || event.kind === 'item-refused') item.end(event.outcome);
      if (event.kind === 'item-waiting') item.show("waits for the node's vzdump lock");
      if (event.kind === 'item-retrying') item.show(retryText(event));
      if (event.kind === 'item-progress') showProgress(item, event.progress);
    },
    end: async () => {
      await done;
    },
  };
}

function itemTask(action: PlannedAction, watched: Map<ItemId, Watched>): ListrTask {
  const item = idOf(action);
  const title = titleOf(action);
  return {
    title,
    task: async (_, task) => {
      const item$ = watched.get(item) ?? watch(watched, item);
      item$.show = (text) => {
        task.output = text;
      };
      const outcome = await item$.ended;
      if (outcome.kind === 'skipped') task.skip(`${title}: ${outcomeText(outcome)}`);
      else if (!isDone(outcome)) throw new Error(`${title}: ${outcomeText(outcome)}`);
      else task.title = `${title}: ${outcomeText(outcome)}`;
    },
  };
}

/** What is done one after the other: on a host, or in a repository once all hosts have ended. */
function laneOf(action: PlannedAction): string {
  return action.kind === 'adopt' ||
    action.kind === 'forget' ||
    action.kind === 'verify' ||
    action.kind === 'prune'
    ? `repository ${action.repository}`
    : hostOf(action);
}

/** The host stands above it already. */
function titleOf(action: PlannedAction): string {
  if (action.kind !== 'restore') return labelText(labelOf(action));
  return terminalSafe(`restore ${formatGuestRef(action.snapshot.guest)} as ${action.to.vmid}`);
}

function watch(watched: Map<ItemId, Watched>, item: ItemId): Watched {
  const { promise, resolve } = Promise.withResolvers<ItemOutcome>();
  const made: Watched = {
    ended: promise,
    end: resolve,
    show: () => undefined,
    progress: undefined,
    shownAt: 0,
  };
  watched.set(item, made);
  return made;
}

function showProgress(item: Watched, progress: Progress): void {
  if (progress.elapsedMs - item.shownAt < REDRAW_MS && progress.phase === item.progress?.phase) return;
  item.shownAt = progress.elapsedMs;
  item.progress = progress;
  item.show(progressText(progress));
}
