/**
 * The worker's side of a task: its words go to the parent through one pipe, its end through another. A parent that has gone
 * does not stop it. The first TERM aborts the signal that the work is given.
 */
import { nodeName, now } from './lab-state.ts';
import { printIfHeard } from './print.ts';
import { upidOf } from './task.ts';
import { ToolError } from './tool-error.ts';

export const LOG_FD = 2;
const CONTROL_FD = 3;

export interface Work<Job> {
  readonly job: Job;
  readonly upid: string;
  readonly signal: AbortSignal;
}

/** @param work resolves with `OK`, or `WARNINGS: n`; what it throws as ToolError is the status of the task */
export async function runWorker<Job>(work: (given: Work<Job>) => Promise<string>): Promise<void> {
  const given: { job: Job; type: string; id: string } = JSON.parse(process.argv[2] ?? '{}');
  const upid = upidOf(given, process.pid, now());
  process.title = `task ${upid}`;
  process.on('SIGHUP', () => {});
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, () => stop.abort());
  const status = await statusOf(() => work({ job: given.job, upid, signal: stop.signal }));
  printIfHeard(CONTROL_FD, status);
  process.exit(status === 'OK' ? 0 : 1);
}

/** One line of the worker's words. */
export function say(line: string): void {
  printIfHeard(LOG_FD, `${line}\n`);
}

/** Why the work was stopped, for a message. */
export const INTERRUPTED = 'interrupted by signal';

export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new ToolError(INTERRUPTED);
}

/** Ends early, without an error, when the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', done);
    resolve();
  };
  const timer = setTimeout(done, milliseconds);
  signal.addEventListener('abort', done);
  if (signal.aborted) done();
  return promise;
}

async function statusOf(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ToolError) return error.message;
    const bug = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `the stand-in on ${nodeName()} is broken: ${bug}`;
  }
}
