/** What the API answers about tasks that have ended on a node. */
import { existsSync, readFileSync } from 'node:fs';
import { SHARED } from './lab-state.ts';
import { ToolError } from './tool-error.ts';

/** The newest first. */
export function tasks(node: string, limit: number): readonly unknown[] {
  return readTasks(node).reverse().slice(0, limit);
}

export function taskStatus(node: string, upid: string): unknown {
  const task = readTasks(node).find((each) => each.upid === upid);
  if (task === undefined) throw new ToolError(`unable to parse worker upid '${upid}'`);
  return { ...task, exitstatus: task.status, status: 'stopped' };
}

interface TaskRecord {
  readonly upid: string;
  readonly status: string;
}

function readTasks(node: string): TaskRecord[] {
  const file = `${SHARED}/tasks/${node}`;
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): TaskRecord => JSON.parse(line));
}
