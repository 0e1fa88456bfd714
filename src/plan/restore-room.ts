import { isCompressing, isThick } from '../pve/storage-kinds.ts';
import type { RestoreTarget } from './check-restore-target.ts';
import type { PlanNote } from './plan-note.ts';
import type { PlanProblem } from './plan-problem.ts';
import type { StorageNeed } from './restore-needs.ts';

/** A restore as the storages of its target see it. */
export interface RoomWanted {
  readonly intent: string;
  readonly target: RestoreTarget;
  /** Empty where it is not known what it needs. */
  readonly needs: readonly StorageNeed[];
}

interface Room {
  readonly host: string;
  readonly storage: string;
  readonly node: RestoreTarget['node'];
  readonly type: string;
  /** With what overwritten guests leave. */
  freeBytes: number;
  /** What is surely written. */
  takenBytes: number;
  statedBytes: number;
  restores: number;
}

/**
 * The room on the storages of all targets, given to restores one after the other. A thick storage must have room for the
 * whole sizes of volumes, a thin one for the data; one that compresses may hold anything.
 */
export class RestoreRooms {
  readonly #rooms = new Map<string, Room>();

  /** Takes what a restore needs; nothing where it does not fit. What the guest that it overwrites has there counts as free. */
  take({ intent, target, needs }: RoomWanted): readonly PlanProblem[] {
    const wanted = needs.flatMap((need) => {
      const room = this.#roomOf(need.storage, target);
      return room === undefined ? [] : [{ need, room, freed: freedBytes(need.storage, target) }];
    });
    const problems = wanted.flatMap(({ need, room, freed }): readonly PlanProblem[] => {
      const needsBytes = surelyBytes(need, room);
      const freeBytes = Math.max(0, room.freeBytes + freed - room.takenBytes);
      if (needsBytes <= freeBytes) return [];
      const { storage, node, restores: others } = room;
      return [{ kind: 'restore-no-room', intent, storage, node, needsBytes, freeBytes, others }];
    });
    if (problems.length > 0) return problems;
    for (const { need, room, freed } of wanted) {
      room.freeBytes += freed;
      room.takenBytes += surelyBytes(need, room);
      room.statedBytes += need.statedBytes;
      room.restores += 1;
    }
    return [];
  }

  /** Where all that was taken may not fit once it is used. */
  promises(): readonly PlanNote[] {
    return [...this.#rooms.values()].flatMap(({ host, storage, node, statedBytes, freeBytes }) =>
      statedBytes <= freeBytes
        ? []
        : [{ kind: 'restore-room-promised', host, storage, node, statedBytes, freeBytes }],
    );
  }

  /** Undefined where it is not known. A shared storage is one for all nodes. */
  #roomOf(storage: string, { host, node }: RestoreTarget): Room | undefined {
    const { clusterFingerprint, storages } = host.inventory;
    const facts = storages.find((one) => one.storage === storage && one.node === node);
    if (facts === undefined || !facts.available || facts.totalBytes === 0) return undefined;
    const key = [clusterFingerprint, facts.shared ? '' : node, storage].join(' ');
    const known = this.#rooms.get(key);
    if (known !== undefined) return known;
    const room = {
      host: host.entry.name,
      storage,
      node,
      type: facts.type ?? '',
      freeBytes: Math.max(0, facts.totalBytes - facts.usedBytes),
      takenBytes: 0,
      statedBytes: 0,
      restores: 0,
    };
    this.#rooms.set(key, room);
    return room;
  }
}

function surelyBytes({ statedBytes, dataBytes }: StorageNeed, { type }: Room): number {
  if (isThick(type)) return statedBytes;
  return isCompressing(type) ? 0 : dataBytes;
}

function freedBytes(storage: string, { existing }: RestoreTarget): number {
  const volumes = existing?.volumes ?? [];
  return volumes.reduce((sum, { storage: at, bytes = 0 }) => sum + (at === storage ? bytes : 0), 0);
}
