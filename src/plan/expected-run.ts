import type { NodeName } from '../pve/guest.ts';
import type { BackupAction } from './plan.ts';

/** How long the backups of a run are likely to take. */
export interface ExpectedRun {
  /** Of those whose duration is known. */
  readonly durationMs: number;
  /** The node that is busy for the longest time; absent when nothing is known of any. */
  readonly longest?: { readonly host: string; readonly node: NodeName; readonly durationMs: number };
  /** Backups of guests of which no duration is known. */
  readonly unknown: number;
}

/**
 * One dump runs on a node at a time, on as many nodes as `parallel` says; the next node begins when one is done.
 * @param backups in the order of the plan
 */
export function expectedRun(backups: readonly BackupAction[], parallel: number): ExpectedRun {
  const nodes = [...Map.groupBy(backups, ({ host, guest }) => `${host}/${guest.node}`).values()].flatMap(
    (group) => {
      const [first] = group;
      const durationMs = group.reduce((sum, { estimate }) => sum + (estimate.durationMs ?? 0), 0);
      return first === undefined ? [] : [{ host: first.host, node: first.guest.node, durationMs }];
    },
  );
  const longest = nodes.toSorted((a, b) => b.durationMs - a.durationMs)[0];
  return {
    durationMs: spread(
      nodes.map(({ durationMs }) => durationMs),
      parallel,
    ),
    ...(longest !== undefined && longest.durationMs > 0 && { longest }),
    unknown: backups.filter(({ estimate }) => estimate.durationMs === undefined).length,
  };
}

/** When the last of so many lanes is done, each taking the next piece of work as it becomes free. */
function spread(durations: readonly number[], lanes: number): number {
  const busy = new Array<number>(Math.max(1, Math.min(lanes, durations.length))).fill(0);
  for (const duration of durations) {
    const free = busy.indexOf(Math.min(...busy));
    busy[free] = (busy[free] ?? 0) + duration;
  }
  return Math.max(...busy);
}
