/**
 * What the stand-ins of all nodes of a lab share beside the cluster file system: settings, which nodes are on, which guests
 * run, and the faults that a test has ordered. A node sees it as /run/lab.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';

export const SHARED = '/run/lab';

export type PveVersion = '7.4' | '8.4' | '9.2';

export interface Settings {
  readonly version: PveVersion;
  /** Seconds for which a new guest has status unknown, as between two rounds of pvestatd; 0: never. */
  readonly freshSeconds: number;
  /** How long qmrestore waits for the header of an archive. */
  readonly vmaHeaderSeconds: number;
}

/** QMP's word for a VM, stopped or running for a container. */
export type RunState = 'running' | 'paused' | 'prelaunch' | 'stopped';

export interface GuestRun {
  readonly state: RunState;
  readonly pid: number;
  /** Unix time in seconds. */
  readonly since: number;
}

export type Fault =
  | { readonly kind: 'empty' }
  | { readonly kind: 'short' }
  | { readonly kind: 'stall'; readonly afterBytes: number }
  | { readonly kind: 'trailing'; readonly bytes: number }
  | { readonly kind: 'die'; readonly afterBytes: number };

export function nodeName(): string {
  return hostname().split('.')[0] ?? 'pve1';
}

export function readSettings(shared = SHARED): Settings {
  const settings: Settings = JSON.parse(readFileSync(`${shared}/settings.json`, 'utf8'));
  const header = Number(process.env['LAB_VMA_HEADER_SECONDS'] ?? settings.vmaHeaderSeconds);
  return { ...settings, vmaHeaderSeconds: header };
}

export function isOnline(node: string): boolean {
  return existsSync(`${SHARED}/online/${node}`);
}

export function guestRun(vmid: string, shared = SHARED): GuestRun {
  try {
    return JSON.parse(readFileSync(`${shared}/guests/${vmid}`, 'utf8'));
  } catch {
    return { state: 'stopped', pid: 0, since: 0 };
  }
}

export function setGuestRun(vmid: string, state: RunState, shared = SHARED): void {
  const file = `${shared}/guests/${vmid}`;
  if (state === 'stopped') {
    rmSync(file, { force: true });
    return;
  }
  const known = guestRun(vmid, shared);
  const run: GuestRun =
    known.state === 'stopped' ? { state, pid: somePid(vmid), since: now() } : { ...known, state };
  writeFileSync(`${file}.new`, JSON.stringify(run));
  renameSync(`${file}.new`, file);
}

/** Remembers that the guest has just appeared. */
export function markCreated(vmid: string, shared = SHARED): void {
  writeFileSync(`${shared}/created/${vmid}`, '');
}

/** True while pvestatd has not yet told of a new guest. */
export function isFresh(vmid: string, seconds: number): boolean {
  if (seconds <= 0) return false;
  const born = statSync(`${SHARED}/created/${vmid}`, { throwIfNoEntry: false });
  return born !== undefined && Date.now() - born.mtimeMs < seconds * 1000;
}

/** The fault ordered for the next dump on this node, if any; it counts once. */
export function takeFault(): Fault | undefined {
  const folder = `${SHARED}/faults/${nodeName()}`;
  const first = existsSync(folder) ? readdirSync(folder).sort()[0] : undefined;
  if (first === undefined) return undefined;
  const fault: Fault = JSON.parse(readFileSync(`${folder}/${first}`, 'utf8'));
  rmSync(`${folder}/${first}`);
  return fault;
}

export function now(): number {
  return Math.floor(Date.now() / 1000);
}

function somePid(vmid: string): number {
  return 20_000 + (Number(vmid) % 10_000);
}
