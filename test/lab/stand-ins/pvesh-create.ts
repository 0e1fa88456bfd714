/**
 * `pvesh create` for what starts a task: it runs in the foreground, prints the UPID last, and exits 0 even when the task failed.
 */
import { here } from './cluster.ts';
import { nodeName, now } from './lab-state.ts';
import type { CommandLine } from './options.ts';
import { pct } from './pct-command.ts';
import { print, printIfHeard } from './print.ts';
import { qm } from './qm-command.ts';
import { finishTask, upidOf } from './task.ts';
import { ToolError } from './tool-error.ts';
import { planBackup, runBackup } from './vzdump-command.ts';

export async function pveshCreate(path: string, line: CommandLine): Promise<number> {
  const [, node = '', rest = ''] = /^\/nodes\/([^/]+)\/(.*)$/.exec(path) ?? [];
  if (node !== nodeName() && node !== 'localhost')
    throw new ToolError(`No 'create' handler defined for '${path}'`, 1);
  if (rest === 'vzdump') return await createDump(line);
  const [, type, vmid = '', action = ''] =
    /^(qemu|lxc)\/(\d+)\/status\/(start|stop|shutdown)$/.exec(rest) ?? [];
  if (type === undefined) throw new ToolError(`No 'create' handler defined for '${path}'`, 1);
  here(vmid, type === 'qemu' ? 'qemu' : 'lxc');
  const tool = type === 'qemu' ? qm : pct;
  const timeout = line.values.get('timeout')?.at(-1);
  const options = timeout === undefined ? [] : ['--timeout', timeout];
  await tolerate(() => tool([action, vmid, ...options]));
  const upid = upidOf({ type: `${type === 'qemu' ? 'qm' : 'vz'}${action}`, id: vmid }, process.pid, now());
  print(1, `${line.values.has('output-format') ? JSON.stringify(upid) : upid}\n`);
  return 0;
}

async function tolerate(work: () => Promise<number>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    printIfHeard(2, `${error.message}\n`);
  }
}

async function createDump(line: CommandLine): Promise<number> {
  const values = new Map([...line.values].filter(([name]) => name !== 'vmid' && name !== 'output-format'));
  const vmids = line.values.get('vmid')?.flatMap((given) => given.split(',')) ?? [];
  const job = planBackup({ positional: vmids, values });
  if (job === undefined) return 0;
  const node = `--node ${nodeName()}`;
  const [first = '', ...others] = job.commandLine.split(' ');
  const end = await runBackup({ ...job, commandLine: [first, node, ...others].join(' ') }, false);
  finishTask(end);
  printIfHeard(job.stdout ? 2 : 1, `${end.upid}\n`);
  return 0;
}
