/** What happens to a run, or to its way to the node. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabNode } from '../lab/lab-node.ts';
import type { DroppableRoute } from '../pve/wrapper/droppable-route.ts';
import type { ACCIDENTS } from './abort-matrix.ts';
import { cleanWithin } from './node-mess.ts';
import type { Ended, RunningProgram } from './program.ts';

export interface Victim {
  readonly run: RunningProgram;
  readonly node: LabNode;
  /** The way that the run takes to the node. */
  readonly route: DroppableRoute;
}

export interface Patience {
  /** For the node to be clean. */
  readonly cleanMs: number;
  /** For the run to end, from then on. */
  readonly endMs: number;
}

/**
 * Strikes; the node is clean when it returns.
 * @returns how the run ended, undefined when it was killed
 * @throws when the node is not clean, or the run goes on, for longer
 */
export async function strike(
  accident: (typeof ACCIDENTS)[number],
  { run, node, route }: Victim,
  { cleanMs, endMs }: Patience,
): Promise<Ended | undefined> {
  switch (accident) {
    case 'SIGINT':
      run.child.kill('SIGINT');
      break;
    case 'SIGKILL':
      run.child.kill('SIGKILL');
      await run.ended;
      break;
    case 'SIGSTOP':
      run.child.kill('SIGSTOP');
      await cleanWithin(node, cleanMs);
      run.child.kill('SIGCONT');
      break;
    case 'a cut connection':
      await node.exec('kill -KILL $(cat /proc/1/task/1/children)');
      break;
    case 'a dropped route':
      route.drop();
      break;
  }
  await cleanWithin(node, cleanMs);
  const ended = await within(run.ended, endMs);
  return accident === 'SIGKILL' ? undefined : ended;
}

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const late = sleep(milliseconds, undefined, { ref: false }).then(() => {
    throw new Error(`it did not end within ${milliseconds} ms`);
  });
  return await Promise.race([work, late]);
}
