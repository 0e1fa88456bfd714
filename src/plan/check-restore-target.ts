import type { RestoreIntent } from '../config/site.ts';
import type { GuestType, NodeName } from '../pve/guest.ts';
import type { Guest, NodeFacts, StorageFacts } from '../pve/inventory.ts';
import type { PlanProblem } from './plan.ts';
import { guestLabel, type ReachedHost } from './reached-hosts.ts';
import { reachesNode } from './reaches-node.ts';

export interface RestoreTarget {
  readonly host: ReachedHost;
  /** Where the guest is to be restored. */
  readonly node: NodeName;
  /** The guest that has the vmid now, anywhere in the cluster. */
  readonly existing: Guest | undefined;
}

/** Where an intent points. */
export function restoreTarget(intent: RestoreIntent, host: ReachedHost): RestoreTarget {
  return {
    host,
    node: host.entry.node ?? host.inventory.localNode,
    existing: host.inventory.guests.find((guest) => guest.ref.vmid === intent.to.vmid),
  };
}

/**
 * All that is known to stand against restoring there: the node, what the intent names of its storages and bridges, the
 * guest to be replaced, the pool. What the backup's configuration names is looked at right before the restore.
 */
export function checkRestoreTarget(intent: RestoreIntent, target: RestoreTarget): readonly PlanProblem[] {
  return [...checkNode(intent, target), ...checkExisting(intent, target), ...checkPool(intent, target)];
}

function checkNode(intent: RestoreIntent, target: RestoreTarget): readonly PlanProblem[] {
  const { host, node } = target;
  const found = host.inventory.nodes.find(({ name }) => name === node);
  if (found === undefined) return [{ kind: 'restore-node-unknown', intent: intent.name, node }];
  if (!found.online) return [{ kind: 'restore-node-offline', intent: intent.name, node }];
  if (!reachesNode(host, node)) {
    const { localNode } = host.inventory;
    return [{ kind: 'restore-node-elsewhere', intent: intent.name, host: host.entry.name, node, localNode }];
  }
  return [...checkStorage(intent, target), ...checkBridges(intent, found)];
}

/** Where no bridge is known, nothing is said: only the node that was asked tells of its network. */
function checkBridges({ name, map }: RestoreIntent, node: NodeFacts): readonly PlanProblem[] {
  const { bridges: there = [] } = node;
  if (there.length === 0) return [];
  return [...new Set(map?.bridge.values())]
    .filter((bridge) => !there.includes(bridge))
    .map((bridge) => ({ kind: 'restore-bridge-missing', intent: name, bridge, node: node.name, there }));
}

type StorageFault = Extract<PlanProblem, { kind: 'restore-storage-missing' }>['why'];

function checkStorage(intent: RestoreIntent, { host, node }: RestoreTarget): readonly PlanProblem[] {
  return namedStorages(intent).flatMap((storage): readonly PlanProblem[] => {
    const found = host.inventory.storages.find((one) => one.storage === storage && one.node === node);
    const why = storageFault(found, intent.guest.type);
    return why === undefined
      ? []
      : [{ kind: 'restore-storage-missing', intent: intent.name, storage, node, why }];
  });
}

function namedStorages({ to, map }: RestoreIntent): readonly string[] {
  return [...new Set([...(to.storage === undefined ? [] : [to.storage]), ...(map?.storage.values() ?? [])])];
}

function storageFault(storage: StorageFacts | undefined, type: GuestType): StorageFault | undefined {
  if (storage === undefined) return 'not-there';
  if (!storage.available) return 'not-available';
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
