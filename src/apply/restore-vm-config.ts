import { mappedNetworkCards } from '../pve/guest-bridges.ts';

export interface VmConfigMap {
  /** Where each disk goes, by drive: `scsi0` to `ceph`. */
  readonly storages: ReadonlyMap<string, string>;
  /** Old bridges to new ones. */
  readonly bridges: ReadonlyMap<string, string>;
}

/**
 * The configuration in an archive with other storages and bridges; nothing else of it is touched. qmrestore takes one
 * `--storage` for all disks, or places each as its line `#qmdump#map:DRIVE:DEVICE:STORAGE:FORMAT:` says, so several
 * storages are said there. Snapshots and pending changes, in sections of their own, stay as they are.
 */
export function mapVmConfig(text: string, map: VmConfigMap): string {
  const lines = text.split('\n');
  const sections = lines.findIndex((line) => line.startsWith('['));
  const end = sections === -1 ? lines.length : sections;
  return lines.map((line, index) => (index < end ? mapLine(line, map) : line)).join('\n');
}

function mapLine(line: string, { storages, bridges }: VmConfigMap): string {
  const [, before, drive, device, after] =
    /^(#qmdump#map:)([^:]*)(:[^:]*:)[^:]*(:[^:]*:.*)$/s.exec(line) ?? [];
  const storage = drive === undefined ? undefined : storages.get(drive);
  if (storage !== undefined) return `${before}${drive}${device}${storage}${after}`;
  const [, key, separator, value] = /^(net\d{1,3})(:\s*)(.*)$/s.exec(line) ?? [];
  if (key === undefined || value === undefined) return line;
  const mapped = mappedNetworkCards(new Map([[key, value]]), bridges)[key];
  return mapped === undefined ? line : `${key}${separator}${mapped}`;
}
