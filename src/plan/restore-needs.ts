import type { RestoreIntent } from '../config/site.ts';
import type { GuestContents } from '../pve/guest-contents.ts';
import { DEFAULT_STORAGE, targetStorage } from '../pve/target-storage.ts';

/** What a restore puts on one storage of its target. */
export interface StorageNeed {
  readonly storage: string;
  /** That its volumes state. */
  readonly statedBytes: number;
  /** Of those, what is not all zeros, as far as that is told. */
  readonly dataBytes: number;
}

/** By the maps of the intent, each storage once. */
export function restoreNeeds({ to, map }: RestoreIntent, contents: GuestContents): readonly StorageNeed[] {
  const choice = {
    ...(to.storage !== undefined && { storage: to.storage }),
    ...(map !== undefined && { mapStorage: map.storage }),
  };
  const needs = new Map<string, StorageNeed>();
  for (const { storage: original, bytes = 0, dataBytes = 0 } of contents.volumes) {
    const storage = targetStorage(original, choice) ?? DEFAULT_STORAGE;
    const before = needs.get(storage) ?? { statedBytes: 0, dataBytes: 0 };
    needs.set(storage, {
      storage,
      statedBytes: before.statedBytes + bytes,
      dataBytes: before.dataBytes + dataBytes,
    });
  }
  return [...needs.values()];
}

/** Bridges that its network cards come to be on, each once. `mapped`: the intent names it. */
export function restoreBridges(
  { map }: RestoreIntent,
  contents: GuestContents,
): readonly { readonly bridge: string; readonly mapped: boolean }[] {
  const bridges = contents.bridges.map((original) => {
    const target = map?.bridge.get(original);
    return { bridge: target ?? original, mapped: target !== undefined };
  });
  return [...new Map(bridges.map((one) => [one.bridge, one])).values()];
}
