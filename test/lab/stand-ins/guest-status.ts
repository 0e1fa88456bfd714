/** The numbers that `qm status`, `pct status` and pvesh tell of a guest of this node. The lab invents what it cannot measure. */
import { existsSync } from 'node:fs';
import { type GuestPlace, readConfig } from './cluster.ts';
import { drivesOf } from './drives.ts';
import type { GuestConfig } from './guest-config.ts';
import { guestRun, now } from './lab-state.ts';
import { volumePath, volumeSize } from './volumes.ts';

const MIB = 1 << 20;

export interface GuestStatus {
  readonly name: string;
  readonly status: string;
  /** QMP's word; of a container the same as status. */
  readonly qmpstatus: string;
  readonly maxmem: number;
  readonly maxdisk: number;
  readonly maxswap: number;
  readonly cpus: number;
  readonly uptime: number;
  readonly mem: number;
  readonly pid: number | undefined;
}

export function vmStatus(guest: GuestPlace): GuestStatus {
  const { values } = readConfig(guest);
  const run = guestRun(guest.vmid);
  const maxmem = Number(values.get('memory') ?? 512) * MIB;
  return {
    name: values.get('name') ?? `VM ${guest.vmid}`,
    status: run.state === 'stopped' ? 'stopped' : 'running',
    qmpstatus: run.state,
    maxmem,
    maxdisk: bootDiskSize(readConfig(guest)),
    maxswap: 0,
    cpus: Number(values.get('cores') ?? 1) * Number(values.get('sockets') ?? 1),
    ...liveNumbers(run.state === 'stopped', run.since, maxmem),
    pid: run.state === 'stopped' ? undefined : run.pid,
  };
}

export function ctStatus(guest: GuestPlace): GuestStatus {
  const { values } = readConfig(guest);
  const run = guestRun(guest.vmid);
  const state = run.state === 'stopped' ? 'stopped' : 'running';
  const maxmem = Number(values.get('memory') ?? 512) * MIB;
  return {
    name: values.get('hostname') ?? `CT${guest.vmid}`,
    status: state,
    qmpstatus: state,
    maxmem,
    maxdisk: sizeIn(values.get('rootfs') ?? '') ?? 4 * 2 ** 30,
    maxswap: Number(values.get('swap') ?? 512) * MIB,
    cpus: Number(values.get('cores') ?? 2),
    ...liveNumbers(state === 'stopped', run.since, maxmem),
    pid: state === 'stopped' ? undefined : run.pid,
  };
}

function liveNumbers(
  stopped: boolean,
  since: number,
  maxmem: number,
): { readonly uptime: number; readonly mem: number } {
  return stopped ? { uptime: 0, mem: 0 } : { uptime: now() - since, mem: Math.floor(maxmem / 16) };
}

function bootDiskSize(config: GuestConfig): number {
  const drives = drivesOf(config);
  const order = /order=([^,]*)/.exec(config.values.get('boot') ?? '')?.[1]?.split(';') ?? [];
  const first = drives.find(({ key }) => order.includes(key)) ?? drives[0];
  if (first === undefined) return 0;
  const declared = sizeIn(first.value);
  if (declared !== undefined) return declared;
  const path = volumePath(first.volume);
  return existsSync(path) ? volumeSize(path) : 0;
}

/** `…,size=64M` in bytes; undefined when there is none, or it is 0. */
function sizeIn(value: string): number | undefined {
  const [, number = '', unit = ''] = /size=(\d+)([KMGT]?)/.exec(value) ?? [];
  const bytes = Number(number) * 1024 ** ' KMGT'.indexOf(unit === '' ? ' ' : unit);
  return bytes > 0 ? bytes : undefined;
}
