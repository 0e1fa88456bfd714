import {
  type ContainerRestoreOptions,
  containerRestoreOptions,
  type LeftOutMountPoint,
} from '../pve/container-restore-options.ts';
import type { GuestType } from '../pve/guest.ts';
import { type GuestConfig, parseGuestConfig } from '../pve/guest-config.ts';
import { DEFAULT_STORAGE, type StorageChoice, targetStorage, vmDiskStorages } from '../pve/target-storage.ts';

/** Where the parts of a guest go, and how the tool is told. */
export interface Placement {
  /** Bytes that the volumes state, by the storage they go to. */
  readonly needs: ReadonlyMap<string, number>;
  readonly told: PlacementTold;
  /** Mount points that come back empty, because the dump does not hold them. */
  readonly empty: readonly string[];
  /** What belongs to the old node and is not made. */
  readonly leftOut: readonly LeftOutMountPoint[];
}

export type PlacementTold =
  /** `--storage`, for all volumes; undefined: as the archive says. */
  | { readonly kind: 'one-storage'; readonly storage: string | undefined }
  /** A VM's drives, each in its own line of the archive's configuration. */
  | { readonly kind: 'in-archive'; readonly storages: ReadonlyMap<string, string> }
  /** A container's volumes, each by an option of pct. */
  | { readonly kind: 'volumes'; readonly options: ContainerRestoreOptions };

export interface PlacementQuestion {
  readonly type: GuestType;
  /** As the archive holds it; undefined when it holds none. */
  readonly config: GuestConfig | undefined;
  readonly choice: StorageChoice;
  readonly way: 'staged' | 'streamed';
  /** Of the archive: what a volume without a size is guessed by. */
  readonly archiveBytes?: number;
}

/**
 * A container in a file goes to one storage by `--storage`, which brings its bind mounts along; where its volumes go to
 * several, and from stdin always, each volume is told.
 */
export function placeRestore(question: PlacementQuestion): Placement {
  return question.type === 'qemu' ? placeVm(question) : placeContainer(question);
}

function placeVm({ config = parseGuestConfig('qemu', ''), choice }: PlacementQuestion): Placement {
  const storages = vmDiskStorages(config, choice);
  const needs = config.dumpedDisks.map(({ drive }) => {
    const bytes = config.volumes.find(({ key }) => key === drive)?.bytes ?? 0;
    return { storage: storages.get(drive) ?? DEFAULT_STORAGE, bytes };
  });
  const isMapped = (choice.mapStorage?.size ?? 0) > 0;
  const told: PlacementTold = isMapped
    ? { kind: 'in-archive', storages }
    : { kind: 'one-storage', storage: choice.storage };
  return { needs: summed(needs), told, empty: [], leftOut: [] };
}

function placeContainer({ config, choice, way, archiveBytes }: PlacementQuestion): Placement {
  const known = config ?? parseGuestConfig('lxc', '');
  const options = containerRestoreOptions(known, {
    ...choice,
    ...(archiveBytes !== undefined && { archiveBytes }),
  });
  const volumes = known.volumes.filter(({ leftOut }) => leftOut !== 'bind mount' && leftOut !== 'device');
  const needs = volumes.map(({ storage, bytes = 0 }) => ({
    storage: targetStorage(storage, choice) ?? DEFAULT_STORAGE,
    bytes,
  }));
  const places = new Set(needs.map(({ storage }) => storage));
  const { empty } = options;
  if (way === 'staged' && places.size <= 1) {
    const [storage = choice.storage] = places;
    return { needs: summed(needs), told: { kind: 'one-storage', storage }, empty, leftOut: [] };
  }
  return { needs: summed(needs), told: { kind: 'volumes', options }, empty, leftOut: options.leftOut };
}

function summed(
  needs: readonly { readonly storage: string; readonly bytes: number }[],
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { storage, bytes } of needs) sums.set(storage, (sums.get(storage) ?? 0) + bytes);
  return sums;
}
