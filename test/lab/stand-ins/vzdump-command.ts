/**
 * What vzdump decides before it forks its worker: on a node that has none of the guests it ends silently with 0.
 */
import { existsSync } from 'node:fs';
import { findGuest, guestsOf } from './cluster.ts';
import { nodeName, readSettings } from './lab-state.ts';
import {
  type CommandLine,
  checkVmid,
  isSet,
  optionValue,
  parameterError,
  parseCommandLine,
} from './options.ts';
import { readPools } from './pools.ts';
import { finishTask, runTask, type TaskEnd } from './task.ts';
import { ToolError } from './tool-error.ts';
import { readStorages } from './volumes.ts';
import { readVzdumpConf } from './vzdump-conf.ts';
import { vzdumpOption } from './vzdump-options.ts';
import type { BackupJob } from './vzdump-worker.ts';

export const USAGE = 'vzdump {<vmid>} [OPTIONS]';

export async function vzdump(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args, {
    usage: USAGE,
    option: (name) => vzdumpOption(name, readSettings().version),
  });
  const job = planBackup(line);
  if (job === undefined) return 0;
  const quiet = isSet(line, 'quiet');
  return finishTask(await runBackup(job, quiet), quiet);
}

export function runBackup(job: BackupJob, quiet: boolean): Promise<TaskEnd> {
  const id = job.vmids.length === 1 ? (job.vmids[0] ?? '') : '';
  const log = quiet ? undefined : job.stdout ? 2 : 1;
  return runTask({ type: 'vzdump', id, worker: './vzdump-worker.ts', job, log, dump: true });
}

/** @returns undefined when there is nothing to do here; @throws ToolError for what is wrong with the command or the node */
export function planBackup(line: CommandLine): BackupJob | undefined {
  const vmids = line.positional.map((vmid) => checkVmid(vmid, USAGE));
  const everything = isSet(line, 'all');
  const pool = optionValue(line, 'pool');
  if (vmids.length === 0 && !everything && pool === undefined) {
    throw parameterError(['vmid: property is missing'], USAGE);
  }
  if ((optionValue(line, 'node') ?? nodeName()) !== nodeName()) return undefined;
  const { local, skipped } = select(vmids, everything, pool);
  if (local.length === 0) return undefined;
  return jobFrom(line, vmids, { local, skipped });
}

interface Selection {
  readonly local: readonly string[];
  readonly skipped: readonly string[];
}

function select(vmids: readonly string[], everything: boolean, pool: string | undefined): Selection {
  const named = pool === undefined ? vmids : (readPools().find((each) => each.id === pool)?.vmids ?? []);
  if (everything) {
    const all = [...guestsOf(nodeName(), 'qemu'), ...guestsOf(nodeName(), 'lxc')];
    return { local: all.map((guest) => guest.vmid), skipped: [] };
  }
  const isElsewhere = (vmid: string) => (findGuest(vmid)?.node ?? nodeName()) !== nodeName();
  return { local: named.filter((vmid) => !isElsewhere(vmid)), skipped: named.filter(isElsewhere) };
}

function jobFrom(line: CommandLine, vmids: readonly string[], { local, skipped }: Selection): BackupJob {
  const conf = readVzdumpConf();
  const stdout = isSet(line, 'stdout');
  if (stdout && local.length > 1) throw new ToolError('you can only backup a single VM with option --stdout');
  const setting = (name: string) => optionValue(line, name) ?? conf.get(name);
  return {
    vmids: local,
    skipped,
    commandLine: [vmids.join(' '), ...shownOptions(line)].filter((word) => word !== '').join(' '),
    stdout,
    dumpdir: dumpdirFor(line, conf, stdout),
    compress: setting('compress') ?? '0',
    mode: setting('mode') ?? 'snapshot',
    bwlimit: Number(setting('bwlimit') ?? 0),
    ionice: Number(setting('ionice') ?? 7),
    lockwait: Number(setting('lockwait') ?? 180),
    stopwait: Number(setting('stopwait') ?? 10),
    excludes: line.values.get('exclude-path') ?? [],
    stdexcludes: setting('stdexcludes') !== '0',
  };
}

function dumpdirFor(line: CommandLine, conf: ReadonlyMap<string, string>, stdout: boolean): string {
  const dumpdir = optionValue(line, 'dumpdir') ?? conf.get('dumpdir');
  const storage = optionValue(line, 'storage') ?? (dumpdir === undefined ? conf.get('storage') : undefined);
  if (stdout && storage !== undefined)
    throw new ToolError("cannot use options 'storage' and 'stdout' at the same time");
  for (const [name, path] of [
    ['dumpdir', dumpdir],
    ['tmpdir', optionValue(line, 'tmpdir')],
  ] as const) {
    if (path !== undefined && !existsSync(path)) throw new ToolError(`${name} '${path}' does not exist`);
  }
  return dumpdir ?? `${backupStorage(storage ?? 'local')}/dump`;
}

function backupStorage(name: string): string {
  const storage = readStorages().find((each) => each.name === name);
  if (storage === undefined)
    throw new ToolError(`could not get storage information for '${name}': storage '${name}' does not exist`);
  if (storage.disabled)
    throw new ToolError(`could not activate storage '${name}': storage '${name}' is disabled`);
  if (!storage.content.includes('backup')) {
    throw new ToolError(
      `could not get storage information for '${name}': can't use storage '${name}' for backups - wrong content type`,
    );
  }
  return storage.path;
}

/** The options as the first line of the log repeats them. */
function shownOptions(line: CommandLine): readonly string[] {
  return [...line.values].flatMap(([name, values]) => {
    if (name === 'stdout' || name === 'quiet') return [];
    if (name === 'maxfiles') return [`--prune-backups 'keep-last=${values.at(-1)}'`];
    return values.map((value) => `--${name} ${quoted(value)}`);
  });
}

function quoted(value: string): string {
  return /^[\w./:,@%+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'"'"'`)}'`;
}
