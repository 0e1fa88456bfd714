/**
 * `qmrestore <archive|-> <vmid>`: what is checked before anything is read, then a worker.
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import { checkUnlocked, findGuest, hasConfig, here } from './cluster.ts';
import { nodeName, readSettings } from './lab-state.ts';
import {
  checkVmid,
  flag,
  integer,
  isSet,
  type OptionKind,
  optionValue,
  parseCommandLine,
  text,
} from './options.ts';
import { readPools } from './pools.ts';
import type { VmRestore } from './restore-vm.ts';
import { finishTask, runTask } from './task.ts';
import { runTool, ToolError } from './tool-error.ts';
import { volumePath } from './volumes.ts';

const USAGE = 'qmrestore <archive> <vmid> [OPTIONS]';

const OPTIONS: ReadonlyMap<string, OptionKind> = new Map([
  ['bwlimit', integer],
  ['force', flag],
  ['live-restore', flag],
  ['pool', text],
  ['storage', text],
  ['unique', flag],
]);

await runTool(qmrestore);

async function qmrestore(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args, { usage: USAGE, option: optionOf });
  const [archive, given] = line.positional;
  if (archive === undefined || given === undefined) throw new ToolError(`400 not enough arguments\n${USAGE}`);
  const vmid = checkVmid(given, USAGE);
  const pool = optionValue(line, 'pool');
  if (pool !== undefined && !readPools().some((each) => each.id === pool)) {
    throw new ToolError(`403 Permission check failed (pool '${pool}' does not exist)`);
  }
  const file = archive === '-' ? undefined : archiveFile(archive);
  const force = isSet(line, 'force');
  claim(vmid, force);
  const job: VmRestore = {
    vmid,
    file,
    force,
    storage: optionValue(line, 'storage'),
    unique: isSet(line, 'unique'),
    pool,
    bwlimit: Number(optionValue(line, 'bwlimit') ?? 0),
    liveRestore: isSet(line, 'live-restore'),
    start: isSet(line, 'start'),
  };
  return finishTask(
    await runTask({ type: 'qmrestore', id: vmid, worker: './restore-vm.ts', job, log: 1, dump: false }),
  );
}

function optionOf(name: string): OptionKind | undefined {
  if (name === 'start' || name === 'ha-managed') return readSettings().version === '9.2' ? flag : undefined;
  return OPTIONS.get(name);
}

function archiveFile(archive: string): string {
  const path = archive.startsWith('/') ? archive : volumePath(archive);
  if (!existsSync(path)) throw new ToolError(`can't find file '${path}'`, 2);
  return path;
}

/** The id must be free, or with --force a VM of this node; the config file is what the nodes of a cluster agree on. */
function claim(vmid: string, force: boolean): void {
  const target = here(vmid, 'qemu');
  const owner = findGuest(vmid);
  if (hasConfig(target)) {
    if (!force)
      throw new ToolError(`unable to restore VM ${vmid} - VM ${vmid} already exists on node '${nodeName()}'`);
    inWords(vmid, () => checkUnlocked(target));
    return;
  }
  if (owner !== undefined) {
    const file = `/etc/pve/nodes/${nodeName()}/qemu-server/${vmid}.conf`;
    throw new ToolError(
      `unable to restore VM ${vmid} - close (rename) atomic file '${file}' failed: File exists`,
      17,
    );
  }
  closeSync(openSync(`/etc/pve/nodes/${nodeName()}/qemu-server/${vmid}.conf`, 'wx'));
}

function inWords(vmid: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(`unable to restore VM ${vmid} - ${error.message}`, error.exitCode);
  }
}
