/**
 * `qm`: it knows only the VMs of its own node. Stopping what is stopped is fine, destroying what runs is not.
 */
import { rmSync } from 'node:fs';
import {
  checkUnlocked,
  type GuestPlace,
  guestsOf,
  hasConfig,
  here,
  PVE,
  readConfig,
  removeConfig,
  setLock,
} from './cluster.ts';
import { drivesOf } from './drives.ts';
import { setConfig, showConfig } from './guest-commands.ts';
import { vmStatus } from './guest-status.ts';
import { guestRun, nodeName, setGuestRun } from './lab-state.ts';
import {
  type CommandLine,
  flag,
  integer,
  isSet,
  type OptionKind,
  optionValue,
  parseCommandLine,
  text,
} from './options.ts';
import { moveToPool } from './pools.ts';
import { print } from './print.ts';
import { ToolError } from './tool-error.ts';
import { freeVolume } from './volumes.ts';

type Command = (guest: GuestPlace, line: CommandLine) => number | Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['config', (guest) => showConfig(guest)],
  ['destroy', destroy],
  ['set', (guest, line) => setConfig(guest, line)],
  ['shutdown', shutdown],
  ['start', start],
  ['status', status],
  ['stop', stop],
  ['suspend', (guest) => change(guest, 'paused')],
  ['resume', (guest) => change(guest, 'running')],
  ['template', (guest) => setTemplate(guest)],
  ['unlock', unlock],
]);

export async function qm(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  if (name === 'list') return list();
  const command = COMMANDS.get(name);
  if (command === undefined) throw new ToolError(`ERROR: unknown command 'qm ${name}'`);
  const line = parseCommandLine(rest, { usage: `qm ${name} <vmid> [OPTIONS]`, option: optionOf });
  const vmid = line.positional[0];
  if (vmid === undefined) throw new ToolError(`400 not enough arguments\nqm ${name} <vmid> [OPTIONS]`);
  return await command(here(vmid, 'qemu'), line);
}

function optionOf(name: string): OptionKind {
  if (['skiplock', 'verbose', 'current', 'purge', 'overrule-shutdown', 'forceStop', 'force'].includes(name))
    return flag;
  return name === 'timeout' ? integer : text;
}

function list(): number {
  const head = ['VMID', 'NAME', 'STATUS', 'MEM(MB)', 'BOOTDISK(GB)', 'PID'];
  print(1, row(head));
  for (const guest of guestsOf(nodeName(), 'qemu')) {
    const { name, status, maxmem, maxdisk, pid } = vmStatus(guest);
    const memory = String(Math.floor(maxmem / (1 << 20)));
    print(1, row([guest.vmid, name, status, memory, (maxdisk / 2 ** 30).toFixed(2), String(pid ?? 0)]));
  }
  return 0;
}

function row([
  vmid = '',
  name = '',
  status = '',
  memory = '',
  disk = '',
  pid = '',
]: readonly string[]): string {
  const left = `${vmid.padStart(10)} ${name.padEnd(20)} ${status.padEnd(10)} ${memory.padEnd(10)}`;
  return `${left} ${disk.padStart(12)} ${pid.padEnd(10)}\n`;
}

function status(guest: GuestPlace, line: CommandLine): number {
  readConfig(guest);
  if (!isSet(line, 'verbose')) {
    print(1, `status: ${guestRun(guest.vmid).state}\n`);
    return 0;
  }
  const all = Object.entries(vmStatus(guest));
  for (const [key, value] of all) if (typeof value !== 'object') print(1, `${key}: ${value}\n`);
  return 0;
}

function start(guest: GuestPlace): number {
  needConfig(guest);
  checkUnlocked(guest);
  if (guestRun(guest.vmid).state !== 'stopped') throw new ToolError(`VM ${guest.vmid} already running`);
  setGuestRun(guest.vmid, 'running');
  return 0;
}

function stop(guest: GuestPlace, line: CommandLine): number {
  needConfig(guest);
  if (guestRun(guest.vmid).state === 'stopped') return 0;
  if (!isSet(line, 'skiplock')) checkUnlocked(guest);
  setGuestRun(guest.vmid, 'stopped');
  return 0;
}

/** A guest whose configuration says so does not answer the request. */
async function shutdown(guest: GuestPlace, line: CommandLine): Promise<number> {
  needConfig(guest);
  if (guestRun(guest.vmid).state === 'stopped') throw new ToolError(`VM ${guest.vmid} not running\n`);
  if (!isSet(line, 'skiplock')) checkUnlocked(guest);
  if (isDeaf(guest)) {
    await new Promise((resolve) => setTimeout(resolve, Number(optionValue(line, 'timeout') ?? 60) * 1000));
    throw new ToolError('VM quit/powerdown failed - got timeout');
  }
  setGuestRun(guest.vmid, 'stopped');
  return 0;
}

export function isDeaf(guest: GuestPlace): boolean {
  return readConfig(guest).values.get('args')?.includes('lab-deaf') === true;
}

function change(guest: GuestPlace, state: 'running' | 'paused'): number {
  needConfig(guest);
  if (guestRun(guest.vmid).state === 'stopped') throw new ToolError(`VM ${guest.vmid} not running`);
  setGuestRun(guest.vmid, state);
  return 0;
}

function setTemplate(guest: GuestPlace): number {
  return setConfig(guest, { positional: [], values: new Map([['template', ['1']]]) });
}

function unlock(guest: GuestPlace): number {
  readConfig(guest);
  setLock(guest, undefined);
  return 0;
}

function destroy(guest: GuestPlace, line: CommandLine): number {
  const config = readConfig(guest);
  if (config.values.get('protection') === '1')
    throw new ToolError(`can't remove VM ${guest.vmid} - protection mode enabled`);
  if (guestRun(guest.vmid).state !== 'stopped')
    throw new ToolError(`VM ${guest.vmid} is running - destroy failed`, 25);
  if (!isSet(line, 'skiplock')) checkUnlocked(guest);
  for (const { volume } of drivesOf(config)) freeVolume(volume);
  for (const [key, value] of config.values) if (key.startsWith('unused')) freeVolume(value);
  removeConfig(guest);
  rmSync(`${PVE}/firewall/${guest.vmid}.fw`, { force: true });
  moveToPool(guest.vmid, undefined);
  return 0;
}

function needConfig(guest: GuestPlace): void {
  if (hasConfig(guest)) return;
  throw new ToolError(`unable to find configuration file for VM ${guest.vmid} on node '${nodeName()}'`);
}
