import type { GuestConfig } from './guest-config.ts';
import { parsePropertyString } from './property-string.ts';

/** Where a guest's volumes go when it is restored. */
export interface StorageChoice {
  /** For what no entry of the map names; absent: as the configuration says. */
  readonly storage?: string;
  /** Storages of the configuration to those of the target. */
  readonly mapStorage?: ReadonlyMap<string, string>;
}

/** @param original as the configuration names it; undefined when it names none */
export function targetStorage(original: string | undefined, choice: StorageChoice): string | undefined {
  const mapped = original === undefined ? undefined : choice.mapStorage?.get(original);
  return mapped ?? choice.storage ?? original;
}

/** The tools' own, where the configuration names none and nobody chooses one. */
export const DEFAULT_STORAGE = 'local';

/** The storage of a volume as configurations write it, `local-lvm:vm-101-disk-0`; undefined for paths. */
export function volumeStorage(volume: string): string | undefined {
  return /^([A-Za-z][\w.-]*):/.exec(volume)?.[1];
}

/**
 * Where each disk of a VM goes, by drive. qmrestore takes one `--storage` for all of them, or places each as the
 * `#qmdump#map` lines of the archive say: with several values here, those lines are what has to be rewritten.
 * @param config as the archive holds it
 */
export function vmDiskStorages(config: GuestConfig, choice: StorageChoice): ReadonlyMap<string, string> {
  return new Map(
    config.dumpedDisks.flatMap(({ drive, storage }): [string, string][] => {
      const { unkeyed, values } = parsePropertyString(config.values.get(drive) ?? '');
      const named = storage === '' ? volumeStorage(values.get('file') ?? unkeyed ?? '') : storage;
      const target = targetStorage(named, choice);
      return target === undefined ? [] : [[drive, target]];
    }),
  );
}
