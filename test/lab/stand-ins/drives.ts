/**
 * The drives in the configuration of a VM, in the order in which vzdump numbers them.
 */
import type { GuestConfig } from './guest-config.ts';
import { volumeOf } from './volumes.ts';

export interface Drive {
  /** `scsi0` */
  readonly key: string;
  readonly value: string;
  readonly volume: string;
  readonly storage: string;
  /** As the volume's name ends: raw or qcow2. */
  readonly format: string;
  readonly backup: boolean;
}

const KEYS = [
  ...numbered('ide', 4),
  ...numbered('scsi', 31),
  ...numbered('virtio', 16),
  ...numbered('sata', 6),
  'efidisk0',
  'tpmstate0',
];

export function isDriveKey(key: string): boolean {
  return KEYS.includes(key);
}

/** Disks with a volume behind them; CD drives are not among them. */
export function drivesOf(config: GuestConfig): readonly Drive[] {
  return KEYS.flatMap((key) => {
    const value = config.values.get(key);
    const volume = value === undefined ? undefined : volumeOf(value);
    return value === undefined || volume === undefined ? [] : [drive(key, value, volume)];
  });
}

/** The name of the device in an archive. */
export function deviceName(key: string): string {
  return key === 'tpmstate0' ? 'drive-tpmstate0-backup' : `drive-${key}`;
}

function drive(key: string, value: string, volume: string): Drive {
  return {
    key,
    value,
    volume,
    storage: volume.split(':')[0] ?? '',
    format: volume.endsWith('.qcow2') ? 'qcow2' : 'raw',
    backup: !/(?:^|,)backup=(?:0|no|off)(?:,|$)/.test(value),
  };
}

function numbered(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}${index}`);
}
