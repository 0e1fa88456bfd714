/**
 * `pct`: it knows only the containers of its own node. Stopping what does not run is an error, whatever the reason.
 */
import { existsSync } from 'node:fs';
import {
  checkUnlocked,
  type GuestPlace,
  guestsOf,
  here,
  readConfig,
  removeConfig,
  setLock,
} from './cluster.ts';
import { setConfig, showConfig } from './guest-commands.ts';
import { ctStatus } from './guest-status.ts';
import { guestRun, nodeName, setGuestRun } from './lab-state.ts';
import { mountPointsOf } from './mount-points.ts';
import { type CommandLine, flag, isSet, type OptionKind, parseCommandLine, text } from './options.ts';
import { moveToPool, poolOf } from './pools.ts';
import { print } from './print.ts';
import { ToolError } from './tool-error.ts';
import { freeVolume, volumePath } from './volumes.ts';

type Command = (guest: GuestPlace, line: CommandLine) => number;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['config', (guest) => showConfig(guest)],
  ['destroy', destroy],
  ['set', (guest, line) => setConfig(guest, line)],
  ['shutdown', stop],
  ['start', start],
  ['status', status],
  ['stop', stop],
  ['template', (guest) => setConfig(guest, { positional: [], values: new Map([['template', ['1']]]) })],
  ['unlock', unlock],
]);

export async function pct(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  if (name === 'list') return list();
  if (name === 'restore') {
    const { pctRestore } = await import('./pct-restore-command.ts');
    return await pctRestore(rest);
  }
  const command = COMMANDS.get(name);
  if (command === undefined) throw new ToolError(`ERROR: unknown command 'pct ${name}'`);
  const line = parseCommandLine(rest, { usage: `pct ${name} <vmid> [OPTIONS]`, option: optionOf });
  const vmid = line.positional[0];
  if (vmid === undefined) throw new ToolError(`400 not enough arguments\npct ${name} <vmid> [OPTIONS]`);
  return command(here(vmid, 'lxc'), line);
}

function optionOf(name: string): OptionKind {
  return ['skiplock', 'verbose', 'current', 'purge', 'force', 'forceStop'].includes(name) ? flag : text;
}

function list(): number {
  print(1, row(['VMID', 'Status', 'Lock', 'Name']));
  for (const guest of guestsOf(nodeName(), 'lxc')) {
    const { status, name } = ctStatus(guest);
    print(1, row([guest.vmid, status, readConfig(guest).values.get('lock') ?? '', name]));
  }
  return 0;
}

function row([vmid = '', status = '', lock = '', name = '']: readonly string[]): string {
  return `${vmid.padEnd(10)} ${status.padEnd(10)} ${lock.padEnd(12)} ${name.padEnd(20)}\n`;
}

function status(guest: GuestPlace, line: CommandLine): number {
  const config = readConfig(guest);
  const numbers = ctStatus(guest);
  if (!isSet(line, 'verbose')) {
    print(1, `status: ${numbers.status}\n`);
    return 0;
  }
  const { cpus, maxdisk, maxmem, maxswap, mem, name } = numbers;
  const shown = {
    cpus,
    disk: 0,
    diskread: 0,
    diskwrite: 0,
    maxdisk,
    maxmem,
    maxswap,
    mem,
    name,
    netin: 0,
    netout: 0,
  };
  const tags = config.values.get('tags');
  const rest = {
    status: numbers.status,
    swap: 0,
    ...(tags === undefined ? {} : { tags }),
    type: 'lxc',
    uptime: numbers.uptime,
    vmid: guest.vmid,
  };
  for (const [key, value] of Object.entries({ ...shown, ...rest })) print(1, `${key}: ${value}\n`);
  return 0;
}

function start(guest: GuestPlace): number {
  readConfig(guest);
  if (guestRun(guest.vmid).state !== 'stopped') throw new ToolError(`CT ${guest.vmid} already running`);
  checkUnlocked(guest);
  setGuestRun(guest.vmid, 'running');
  return 0;
}

function stop(guest: GuestPlace, line: CommandLine): number {
  const runsHere = guestsOf(nodeName(), 'lxc').some(({ vmid }) => vmid === guest.vmid);
  if (!runsHere || guestRun(guest.vmid).state === 'stopped')
    throw new ToolError(`CT ${guest.vmid} not running`);
  if (!isSet(line, 'skiplock')) checkUnlocked(guest);
  setGuestRun(guest.vmid, 'stopped');
  return 0;
}

function unlock(guest: GuestPlace): number {
  readConfig(guest);
  setLock(guest, undefined);
  return 0;
}

function destroy(guest: GuestPlace, line: CommandLine): number {
  const config = readConfig(guest);
  if (config.values.get('protection') === '1')
    throw new ToolError(`can't remove CT ${guest.vmid} - protection mode enabled`);
  checkUnlocked(guest);
  if (guestRun(guest.vmid).state !== 'stopped' && !isSet(line, 'force')) {
    throw new ToolError(`unable to destroy CT ${guest.vmid} - container is running`);
  }
  setGuestRun(guest.vmid, 'stopped');
  freeContainerVolumes(guest);
  removeConfig(guest);
  if (poolOf(guest.vmid) !== undefined) moveToPool(guest.vmid, undefined);
  return 0;
}

/** Also of a container whose restore left only volumes without a line in its configuration. */
function freeContainerVolumes(guest: GuestPlace): void {
  const listed = mountPointsOf(readConfig(guest)).filter(({ isVolume }) => isVolume);
  for (const { volume } of listed) if (existsSync(volumePath(volume))) freeVolume(volume);
}
