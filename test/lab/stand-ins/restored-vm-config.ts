/** The configuration that qmrestore writes, from the one in the archive. */
import { randomBytes, randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { here, writeConfig } from './cluster.ts';
import { drivesOf, isDriveKey } from './drives.ts';
import { changed, type GuestConfig } from './guest-config.ts';
import { configSize } from './sizes.ts';
import { volumeOf, volumePath, volumeSize } from './volumes.ts';

export interface RestoredDisks {
  /** Drive key → volume id. */
  readonly disks: ReadonlyMap<string, string>;
  readonly unique: boolean;
}

/** Lines of drives that were not in the backup become comments, which show up in the description. */
export function mergeVmConfig(archived: string, options: RestoredDisks): string {
  return archived
    .split('\n')
    .filter((line) => line !== '' && !/^(?:#qmdump#|#vzdump#|lock:|unused\d+:|parent:)/.test(line))
    .map((line) => `${mergeLine(line, options)}\n`)
    .join('');
}

function mergeLine(line: string, { disks, unique }: RestoredDisks): string {
  const [, key = '', value = ''] = /^([a-z]+\d*):\s*(.*)$/.exec(line) ?? [];
  const volume = disks.get(key);
  if (volume !== undefined) return `${key}: ${driveValue(value, volume)}`;
  if (isDriveKey(key) && volumeOf(value) !== undefined) return `#${line}`;
  if (key === 'vmgenid' && value !== '0') return `vmgenid: ${randomUUID()}`;
  if (unique && /^net\d+$/.test(key))
    return `${key}: ${value.replace(/(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/i, newMac())}`;
  if (unique && key === 'smbios1') return `smbios1: ${value.replace(/uuid=[^,]*/, `uuid=${randomUUID()}`)}`;
  return line;
}

function driveValue(value: string, volume: string): string {
  const options = value
    .split(',')
    .slice(1)
    .filter((option) => !option.startsWith('size='));
  return [volume, ...options, `size=${configSize(volumeSize(volumePath(volume)))}`].join(',');
}

/** With the prefix that Proxmox VE uses. */
export function newMac(): string {
  const bytes = randomBytes(3).toString('hex').toUpperCase();
  return `BC:24:11:${bytes.slice(0, 2)}:${bytes.slice(2, 4)}:${bytes.slice(4)}`;
}

/** The disks of a template are called base-… */
export function templateVolumes(vmid: string, config: GuestConfig): void {
  const changes = drivesOf(config).map(({ key, value, volume }) => {
    const base = volume.replace(`/vm-${vmid}-`, `/base-${vmid}-`);
    renameSync(volumePath(volume), volumePath(base));
    return [key, value.replace(volume, base)] as const;
  });
  writeConfig(here(vmid, 'qemu'), changed(config, changes));
}
