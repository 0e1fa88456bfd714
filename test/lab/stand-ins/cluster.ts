/**
 * The cluster file system as the stand-ins read it: which guests there are, on which node, and their configuration.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import {
  changed,
  formatGuestConfig,
  type GuestConfig,
  type GuestType,
  parseGuestConfig,
} from './guest-config.ts';
import { nodeName } from './lab-state.ts';
import { ToolError } from './tool-error.ts';

export const PVE = '/etc/pve';

export interface GuestPlace {
  readonly vmid: string;
  readonly type: GuestType;
  readonly node: string;
}

export function listNodes(): readonly string[] {
  return readdirSync(`${PVE}/nodes`).sort();
}

/** The nodes that answer for each other; without corosync a node stands alone. */
export function clusterMembers(): readonly string[] {
  return existsSync(`${PVE}/corosync.conf`) ? listNodes() : [nodeName()];
}

export function listGuests(): readonly GuestPlace[] {
  return listNodes().flatMap((node) => [...guestsOf(node, 'qemu'), ...guestsOf(node, 'lxc')]);
}

export function guestsOf(node: string, type: GuestType): readonly GuestPlace[] {
  return readdirSync(`${PVE}/nodes/${node}/${folderOf(type)}`)
    .filter((name) => name.endsWith('.conf'))
    .map((name) => ({ vmid: name.slice(0, -'.conf'.length), type, node }))
    .sort((a, b) => Number(a.vmid) - Number(b.vmid));
}

/** Wherever in the cluster it is. */
export function findGuest(vmid: string): GuestPlace | undefined {
  return listGuests().find((guest) => guest.vmid === vmid);
}

export function configFile(guest: GuestPlace): string {
  return `${PVE}/nodes/${guest.node}/${folderOf(guest.type)}/${guest.vmid}.conf`;
}

export function here(vmid: string, type: GuestType): GuestPlace {
  return { vmid, type, node: nodeName() };
}

/** @throws ToolError with status 2, as the tools do for a guest that is not on the node */
export function readConfig(guest: GuestPlace): GuestConfig {
  return parseGuestConfig(readConfigText(guest), guest.type);
}

export function readConfigText(guest: GuestPlace): string {
  const file = configFile(guest);
  if (existsSync(file)) return readFileSync(file, 'utf8');
  throw new ToolError(`Configuration file '${file.slice(PVE.length + 1)}' does not exist`, 2);
}

export function hasConfig(guest: GuestPlace): boolean {
  return existsSync(configFile(guest));
}

export function writeConfig(guest: GuestPlace, config: GuestConfig): void {
  writeConfigText(guest, formatGuestConfig(config));
}

export function writeConfigText(guest: GuestPlace, content: string): void {
  const file = configFile(guest);
  writeFileSync(`${file}.tmp.${process.pid}`, content);
  renameSync(`${file}.tmp.${process.pid}`, file);
}

export function setLock(guest: GuestPlace, lock: string | undefined): void {
  if (hasConfig(guest)) writeConfig(guest, changed(readConfig(guest), [['lock', lock]]));
}

/** @throws ToolError `VM is locked (backup)` */
export function checkUnlocked(guest: GuestPlace): void {
  const lock = readConfig(guest).values.get('lock');
  if (lock !== undefined) throw new ToolError(`${guest.type === 'lxc' ? 'CT' : 'VM'} is locked (${lock})`);
}

export function removeConfig(guest: GuestPlace): void {
  rmSync(configFile(guest), { force: true });
}

function folderOf(type: GuestType): string {
  return type === 'lxc' ? 'lxc' : 'qemu-server';
}
