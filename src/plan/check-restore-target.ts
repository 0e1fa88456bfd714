import type { RestoreIntent } from '../config/site.ts';
import type { GuestType, NodeName, Vmid } from '../pve/guest.ts';
import type { GuestContents } from '../pve/guest-contents.ts';
import type { Guest, NodeFacts, StorageFacts } from '../pve/inventory.ts';
import type { PlanNote } from './plan-note.ts';
import type { PlanProblem } from './plan-problem.ts';
import { guestLabel, type ReachedHost } from './reached-hosts.ts';
import { reachesNode } from './reaches-node.ts';
import { restoreBridges, restoreNeeds } from './restore-needs.ts';

export interface RestoreTarget {
  readonly host: ReachedHost;
  /** Where the guest is to be restored. */
  readonly node: NodeName;
  /** The guest that has the vmid now, anywhere in the cluster. */
  readonly existing: Guest | undefined;
}

/** What stands against a restore, and what is worth a word although it does not. */
export interface RestoreCheck {
  readonly problems: readonly PlanProblem[];
  readonly notes: readonly PlanNote[];
}

/** A host that restores go to. */
export class TargetHost {
  readonly #host: ReachedHost;
  readonly #guests: ReadonlyMap<Vmid, Guest>;

  constructor(host: ReachedHost) {
    this.#host = host;
    this.#guests = new Map(host.inventory.guests.map((guest) => [guest.ref.vmid, guest]));
  }

  /** Where a restore to a vmid comes to be. */
  at(vmid: Vmid): RestoreTarget {
    const { entry, inventory } = this.#host;
    return { host: this.#host, node: entry.node ?? inventory.localNode, existing: this.#guests.get(vmid) };
  }
}

/**
 * All that is known to stand against restoring there: the node, its storages and bridges, the guest to be replaced, the
 * pool. Everything is looked at again right before the restore.
 * @param contents of the snapshot; undefined where they are not known: then only what the intent names is looked at
 */
export function checkRestoreTarget(
  intent: RestoreIntent,
  target: RestoreTarget,
  contents: GuestContents | undefined,
): RestoreCheck {
  const found = target.host.inventory.nodes.find(({ name }) => name === target.node);
  const wrongNode = checkNode(intent, target, found);
  const bridges =
    found === undefined || wrongNode.length > 0
      ? { problems: [], notes: [] }
      : checkBridges(intent, found, contents);
  return {
    problems: [
      ...wrongNode,
      ...(wrongNode.length > 0 ? [] : checkStorages(intent, target, contents)),
      ...bridges.problems,
      ...checkExisting(intent, target),
      ...checkPool(intent, target),
    ],
    notes: bridges.notes,
  };
}

function checkNode(
  intent: RestoreIntent,
  target: RestoreTarget,
  found: NodeFacts | undefined,
): readonly PlanProblem[] {
  const { host, node } = target;
  if (found === undefined) return [{ kind: 'restore-node-unknown', intent: intent.name, node }];
  if (!found.online) return [{ kind: 'restore-node-offline', intent: intent.name, node }];
  if (reachesNode(host, node)) return [];
  const { localNode } = host.inventory;
  return [{ kind: 'restore-node-elsewhere', intent: intent.name, host: host.entry.name, node, localNode }];
}

/**
 * A bridge that is missing matters when it is named, or when the guest is to be started. Where no bridge is known, nothing is
 * said: only the node that was asked tells of its network.
 */
function checkBridges(
  intent: RestoreIntent,
  { name: node, bridges: there = [] }: NodeFacts,
  contents: GuestContents | undefined,
): RestoreCheck {
  if (there.length === 0) return { problems: [], notes: [] };
  const isThere = (bridge: string) => there.includes(bridge);
  const named = [...new Set(intent.map?.bridge.values())].filter((bridge) => !isThere(bridge));
  const kept = (contents === undefined ? [] : restoreBridges(intent, contents)).flatMap(
    ({ bridge, mapped }) => (mapped || isThere(bridge) ? [] : [bridge]),
  );
  const missing = intent.to.start ? [...named, ...kept] : named;
  return {
    problems: missing.map((bridge) => ({
      kind: 'restore-bridge-missing',
      intent: intent.name,
      bridge,
      node,
      there,
    })),
    notes:
      kept.length === 0 || intent.to.start
        ? []
        : [{ kind: 'restore-bridges-unmapped', intent: intent.name, bridges: kept, node }],
  };
}

type StorageFault = Extract<PlanProblem, { kind: 'restore-storage-missing' }>['why'];

/** Those that it needs, and the one that it is to go to; what its map names beyond these need not take its disks. */
function checkStorages(
  intent: RestoreIntent,
  { host, node }: RestoreTarget,
  contents: GuestContents | undefined,
): readonly PlanProblem[] {
  const { to, map } = intent;
  const wanted = to.storage === undefined ? [] : [to.storage];
  const mapped = [...(map?.storage.values() ?? [])];
  const needed =
    contents === undefined ? mapped : restoreNeeds(intent, contents).map(({ storage }) => storage);
  const used = new Set([...wanted, ...needed]);
  return [...new Set([...used, ...mapped])].flatMap((storage): readonly PlanProblem[] => {
    const found = host.inventory.storages.find((one) => one.storage === storage && one.node === node);
    const why = storageFault(found, used.has(storage) ? intent.guest.type : undefined);
    return why === undefined
      ? []
      : [{ kind: 'restore-storage-missing', intent: intent.name, storage, node, why }];
  });
}

/** @param type of the guest whose disks it is to take; undefined: it takes none */
function storageFault(
  storage: StorageFacts | undefined,
  type: GuestType | undefined,
): StorageFault | undefined {
  if (storage === undefined) return 'not-there';
  if (!storage.available) return 'not-available';
  if (type === undefined) return undefined;
  const content = type === 'qemu' ? 'images' : 'rootdir';
  return storage.content.includes(content) ? undefined : `no-${content}`;
}

function checkExisting(
  intent: RestoreIntent,
  { host, node, existing }: RestoreTarget,
): readonly PlanProblem[] {
  if (existing === undefined) return [];
  const target = guestLabel(existing);
  if (existing.ref.type !== intent.guest.type) {
    return [{ kind: 'restore-target-other-type', intent: intent.name, target }];
  }
  if (intent.onExisting === 'fail') return [{ kind: 'restore-target-exists', intent: intent.name, target }];
  if (existing.node !== node)
    return [{ kind: 'restore-target-other-node', intent: intent.name, target, node }];
  return checkState(intent, host, existing);
}

/** That it runs is no fault: it is stopped first. */
function checkState(intent: RestoreIntent, host: ReachedHost, existing: Guest): readonly PlanProblem[] {
  const target = guestLabel(existing);
  const { lock, protection } = existing;
  return [
    ...(lock === undefined
      ? []
      : [{ kind: 'guest-locked', host: host.entry.name, guest: target, lock } as const]),
    ...(protection === undefined
      ? []
      : [{ kind: 'restore-target-protected', intent: intent.name, target } as const]),
  ];
}

function checkPool(intent: RestoreIntent, { host }: RestoreTarget): readonly PlanProblem[] {
  const { pool } = intent.to;
  return pool === undefined || host.inventory.pools.includes(pool)
    ? []
    : [{ kind: 'restore-pool-missing', intent: intent.name, pool, host: host.entry.name }];
}
