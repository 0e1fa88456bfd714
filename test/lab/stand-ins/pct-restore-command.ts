/**
 * `pct restore <vmid> <archive|->`: what is checked before anything is read, then a worker.
 */
import { findGuest, type GuestPlace, hasConfig, here, writeConfigText } from './cluster.ts';
import { guestRun, nodeName } from './lab-state.ts';
import {
  checkVmid,
  flag,
  integer,
  isSet,
  type OptionKind,
  optionValue,
  parameterError,
  parseCommandLine,
  text,
} from './options.ts';
import { readPools } from './pools.ts';
import type { CtRestore } from './restore-ct.ts';
import { finishTask, runTask } from './task.ts';
import { ToolError } from './tool-error.ts';
import { usableStorage } from './volumes.ts';

const USAGE = 'pct restore <vmid> <ostemplate> [OPTIONS]';

const FLAGS = [
  'force',
  'unique',
  'start',
  'ignore-unpack-errors',
  'unprivileged',
  'onboot',
  'protection',
  'console',
  'debug',
  'template',
];
const RESTORE_ONLY = new Set([
  'force',
  'unique',
  'start',
  'ignore-unpack-errors',
  'storage',
  'pool',
  'bwlimit',
  'password',
  'ssh-public-keys',
  'restore',
]);
const CONFIG =
  /^(?:arch|cmode|cores|cpulimit|cpuunits|description|dev\d+|features|hookscript|hostname|memory|mp\d+|nameserver|net\d+|ostype|rootfs|searchdomain|startup|swap|tags|timezone|tty|unused\d+)$/;

export async function pctRestore(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args, { usage: USAGE, option: optionOf });
  const [given, archive] = line.positional;
  if (given === undefined || archive === undefined) throw new ToolError(`400 not enough arguments\n${USAGE}`);
  const vmid = checkVmid(given, USAGE);
  const pool = optionValue(line, 'pool');
  if (pool !== undefined && !readPools().some(({ id }) => id === pool)) {
    throw new ToolError(`403 Permission check failed (pool '${pool}' does not exist)`, 2);
  }
  const force = isSet(line, 'force');
  const target = here(vmid, 'lxc');
  checkTarget(target, force);
  const config = [...line.values]
    .filter(([name]) => !RESTORE_ONLY.has(name))
    .map(([name, values]) => [name, values.at(-1) ?? ''] as const);
  const rootfs = optionValue(line, 'rootfs');
  if (archive === '-' && rootfs === undefined)
    throw new ToolError('restore from pipe requires rootfs parameter');
  const storage = optionValue(line, 'storage') ?? 'local';
  checkStorages(
    storage,
    config.filter(([name]) => name === 'rootfs' || /^mp\d+$/.test(name)).map(([, value]) => value),
  );
  const existed = hasConfig(target);
  if (!existed) writeConfigText(target, 'lock: create\n');
  const job: CtRestore = {
    vmid,
    archive,
    storage,
    config,
    pool,
    existed,
    unique: isSet(line, 'unique'),
    start: isSet(line, 'start'),
  };
  return finishTask(
    await runTask({ type: 'vzrestore', id: vmid, worker: './restore-ct.ts', job, log: 1, dump: false }),
  );
}

function optionOf(name: string): OptionKind | undefined {
  if (FLAGS.includes(name)) return flag;
  if (name === 'bwlimit') return integer;
  return CONFIG.test(name) || RESTORE_ONLY.has(name) ? text : undefined;
}

function checkTarget(target: GuestPlace, force: boolean): void {
  const owner = findGuest(target.vmid);
  if (owner === undefined) return;
  const kind = owner.type === 'lxc' ? 'CT' : 'VM';
  const isHere = owner.type === 'lxc' && owner.node === nodeName();
  if (!isHere) throw new ToolError(`${kind} ${target.vmid} already exists on node '${owner.node}'`, 2);
  if (!force) throw new ToolError(`CT ${target.vmid} already exists on node '${owner.node}'`);
  if (guestRun(target.vmid).state !== 'stopped') throw new ToolError("can't overwrite running container");
}

function checkStorages(fallback: string, volumes: readonly string[]): void {
  const named = volumes.flatMap((volume) => /^([a-z][\w.-]*):/i.exec(volume)?.[1] ?? []);
  for (const name of [fallback, ...named]) {
    if (usableStorage(name).content.includes('rootdir')) continue;
    throw parameterError([`storage: storage '${name}' does not support container directories`], USAGE);
  }
}
