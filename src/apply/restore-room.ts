import { parseGuestConfig } from '../pve/guest-config.ts';
import { isCompressing, isThick } from '../pve/storage-kinds.ts';
import type { NodeStorage, TargetFacts } from './restore-target-facts.ts';
import type { TargetFault, WantedOfTarget } from './restore-target-faults.ts';

export interface RestoreRoom {
  readonly faults: readonly TargetFault[];
  /** Where thin volumes are promised more than there is. */
  readonly notes: readonly string[];
}

/**
 * Whether the volumes fit. A thick storage must have room for their whole sizes; a thin one for the data that is
 * written, and more than it has may be promised. What the overwritten guest has there counts as free.
 */
export function restoreRoom(facts: TargetFacts, wanted: WantedOfTarget): RestoreRoom {
  const faults: TargetFault[] = [];
  const notes: string[] = [];
  for (const [name, bytes] of wanted.needs) {
    const storage = facts.storages.find((one) => one.storage === name);
    if (storage === undefined || !storage.active) continue;
    const free = storage.freeBytes + freedBytes(name, facts, wanted);
    const surely = leastBytes(storage, bytes, wanted);
    if (surely > free) faults.push(tooSmall(name, { needs: surely, free, node: facts.node }));
    else if (bytes > free)
      notes.push(`the storage ${name} has less room than the volumes state; it may fill up later`);
  }
  return { faults, notes };
}

/** The data can be told apart by storage only when there is one. */
function leastBytes({ type }: NodeStorage, bytes: number, { needs, archiveBytes }: WantedOfTarget): number {
  if (isThick(type)) return bytes;
  return isCompressing(type) || needs.size > 1 ? 0 : (archiveBytes ?? 0);
}

function freedBytes(name: string, { found }: TargetFacts, { replace, target }: WantedOfTarget): number {
  if (found === undefined || !replace || found.type !== target.type) return 0;
  const volumes = parseGuestConfig(found.type, found.config).volumes;
  return volumes.reduce((sum, { storage, bytes }) => sum + (storage === name ? (bytes ?? 0) : 0), 0);
}

function tooSmall(
  name: string,
  room: { readonly needs: number; readonly free: number; readonly node: string },
): TargetFault {
  return {
    message: `the storage ${name} on ${room.node} has ${inMib(room.free)} free, and the guest takes ${inMib(room.needs)}`,
    hint: `make room there, or choose another with --storage or --map-storage ${name}=NAME`,
  };
}

function inMib(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
