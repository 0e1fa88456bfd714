/**
 * The parent's side of a task: the tool forks a worker into a session of its own, copies what the worker says to its own
 * output, passes TERM, INT and QUIT on to the worker's process group, and ends with the worker's status.
 * HUP and KILL are not passed on: the parent dies, the worker goes on to its end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nodeName, now, SHARED } from './lab-state.ts';
import { isErrno, print, printIfHeard } from './print.ts';

export interface Task {
  /** `vzdump`, `qmrestore`, `vzrestore`: part of the UPID. */
  readonly type: string;
  readonly id: string;
  /** The module beside this one that the worker runs. */
  readonly worker: string;
  readonly job: unknown;
  /** The descriptor that the worker's words are copied to; undefined: nowhere. */
  readonly log: 1 | 2 | undefined;
  /** True when the worker writes a dump to standard output, which is then not for words. */
  readonly dump: boolean;
}

/** How the task ended: `OK`, `WARNINGS: 2`, a message, or undefined when the worker died without a word. */
export interface TaskEnd {
  readonly status: string | undefined;
  readonly upid: string;
}

export async function runTask(task: Task): Promise<TaskEnd> {
  const started = now();
  const child = spawnWorker(task);
  const upid = upidOf(task, child.pid ?? 0, started);
  const [, control] = await Promise.all([copyLog(child, task.log), readAll(child.stdio[3]), ended(child)]);
  const status = control === '' ? undefined : control;
  recordTask({ upid, task, status: status ?? 'unexpected status', started });
  return { status, upid };
}

/** The exit status of a tool that has run a task, after the last words on standard error. */
export function finishTask(end: TaskEnd, quiet = false): number {
  const [, warnings] = /^WARNINGS: (\d+)$/.exec(end.status ?? '') ?? [];
  if (end.status === 'OK') return 0;
  const words =
    warnings === undefined
      ? (end.status ?? 'got unexpected control message:  ')
      : `Task finished with ${warnings} warning(s)!`;
  if (!quiet) printIfHeard(2, `${words}\n`);
  return warnings === undefined ? 255 : 0;
}

function workerArguments(task: Task): readonly string[] {
  const module = fileURLToPath(new URL(task.worker, import.meta.url));
  return [...process.execArgv, module, JSON.stringify({ job: task.job, type: task.type, id: task.id })];
}

export function upidOf(
  task: { readonly type: string; readonly id: string },
  pid: number,
  started: number,
): string {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');
  return `UPID:${nodeName()}:${hex(pid)}:${hex(Math.floor(process.uptime() * 100))}:${hex(started)}:${task.type}:${task.id}:root@pam:`;
}

/** Signals are passed on from before the worker is there: one that came between would end the parent alone. */
function spawnWorker(task: Task): ChildProcess {
  let received = 0;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      received++;
      signalGroup(child, received > 3 ? 'SIGKILL' : 'SIGTERM');
    });
  }
  const child = spawn(process.execPath, workerArguments(task), {
    detached: true,
    stdio: [task.dump ? 'ignore' : 'inherit', task.dump ? 'inherit' : 'ignore', 'pipe', 'pipe'],
  });
  return child;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid ?? 0), signal);
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}

/** A parent whose own output breaks stops the worker, wherever that is. */
async function copyLog(child: ChildProcess, log: 1 | 2 | undefined): Promise<void> {
  for await (const chunk of child.stderr ?? []) {
    if (log === undefined) continue;
    try {
      print(log, String(chunk));
    } catch (error) {
      if (!isErrno(error, 'EPIPE')) throw error;
      signalGroup(child, 'SIGTERM');
      printIfHeard(2, 'broken pipe \n');
      process.exit(255);
    }
  }
}

async function readAll(stream: unknown): Promise<string> {
  let all = '';
  if (isReadable(stream)) for await (const chunk of stream) all += String(chunk);
  return all;
}

function isReadable(stream: unknown): stream is AsyncIterable<unknown> {
  return typeof stream === 'object' && stream !== null && Symbol.asyncIterator in stream;
}

function ended(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  return promise;
}

function recordTask(end: {
  readonly upid: string;
  readonly task: Task;
  readonly status: string;
  readonly started: number;
}): void {
  const pid = Number.parseInt(end.upid.split(':')[2] ?? '0', 16);
  const record = {
    endtime: now(),
    id: end.task.id,
    node: nodeName(),
    pid,
    pstart: Number.parseInt(end.upid.split(':')[3] ?? '0', 16),
    starttime: end.started,
    status: end.status,
    type: end.task.type,
    upid: end.upid,
    user: 'root@pam',
  };
  appendFileSync(`${SHARED}/tasks/${nodeName()}`, `${JSON.stringify(record)}\n`);
}
