import { formatGuestRef, type GuestRef } from '../pve/guest.ts';
import { type GuestConfig, parseGuestConfig } from '../pve/guest-config.ts';
import { parsePveBoolean } from '../pve/property-string.ts';
import { type BroughtAccess, hostAccessFaults, judgeBrought } from './host-access-fault.ts';
import type { FoundGuest } from './look-up-guest.ts';
import { restoreRoom } from './restore-room.ts';
import type { NodeStorage, TargetFacts } from './restore-target-facts.ts';

/** What a restore wants of the node that it goes to. */
export interface WantedOfTarget {
  readonly target: GuestRef;
  /** Whether a guest that has the vmid may be stopped and overwritten. */
  readonly replace: boolean;
  /** Bytes that the volumes state, by storage. */
  readonly needs: ReadonlyMap<string, number>;
  /** How many bytes the archive has; undefined before it was read. */
  readonly archiveBytes: number | undefined;
  readonly pool: string | undefined;
  /** Bridges that must be there, by the map or because the guest is to be started. */
  readonly bridges: readonly string[];
  readonly access: BroughtAccess;
}

/** Something that stands against the restore, or that is worth knowing. */
export interface TargetFault {
  readonly message: string;
  readonly hint: string;
}

/** All that stands against a restore. Of a guest that is stopped for it, being started is no fault. */
export function restoreTargetFaults(facts: TargetFacts, wanted: WantedOfTarget): readonly TargetFault[] {
  const { faults } = restoreRoom(facts, wanted);
  return [
    ...(facts.found === undefined ? [] : guestFaults(facts.found, facts, wanted)),
    ...[...wanted.needs.keys()].flatMap((name) => storageFaults(name, facts, wanted)),
    ...faults,
    ...poolFaults(facts, wanted),
    ...bridgeFaults(facts, wanted),
    ...hostAccessFaults(
      judgeBrought(wanted.access, { type: wanted.target.type, before: facts.found?.config }),
    ),
  ];
}

function guestFaults(
  found: FoundGuest,
  { node }: TargetFacts,
  { target, replace }: WantedOfTarget,
): readonly TargetFault[] {
  const name = formatGuestRef(target);
  if (found.type !== target.type)
    return [
      {
        message: `the vmid ${target.vmid} is used by ${found.type}/${target.vmid} on node ${found.node}`,
        hint: 'choose another vmid',
      },
    ];
  if (!replace)
    return [
      {
        message: `${name} exists already on node ${found.node}`,
        hint: 'choose a free vmid, or allow it to be overwritten',
      },
    ];
  if (found.node !== node)
    return [
      {
        message: `${name} is on node ${found.node}, and the restore goes to ${node}`,
        hint: `restore through ${found.node}, or migrate it to ${node} first`,
      },
    ];
  return stateFaults(target, parseGuestConfig(found.type, found.config));
}

function stateFaults(target: GuestRef, config: GuestConfig): readonly TargetFault[] {
  const name = formatGuestRef(target);
  const tool = target.type === 'qemu' ? 'qm' : 'pct';
  const locked = {
    message: `${name} is locked (${config.lock})`,
    hint: `another task works on it; when it is certain that none does: ${tool} unlock ${target.vmid}`,
  };
  const guarded = {
    message: `${name} is protected`,
    hint: `if it may really go: ${tool} set ${target.vmid} --protection 0`,
  };
  const isProtected = parsePveBoolean(config.values.get('protection')) === true;
  return [...(config.lock === undefined ? [] : [locked]), ...(isProtected ? [guarded] : [])];
}

function storageFaults(
  name: string,
  { node, storages }: TargetFacts,
  { target }: WantedOfTarget,
): readonly TargetFault[] {
  const content = target.type === 'qemu' ? 'images' : 'rootdir';
  const found = storages.find(({ storage }) => storage === name);
  const why = storageFault(found, content);
  if (why === undefined) return [];
  const fitting = storages.filter((storage) => storageFault(storage, content) === undefined);
  const choices = fitting.map(({ storage }) => storage).join(', ');
  return [
    {
      message: `the storage ${name} ${why} on ${node}`,
      hint: `--storage NAME, or --map-storage ${name}=NAME, with one of: ${choices || 'none there'}`,
    },
  ];
}

function storageFault(found: NodeStorage | undefined, content: string): string | undefined {
  if (found === undefined) return 'does not exist';
  if (!found.active) return 'is not active';
  if (found.content.includes(content)) return undefined;
  return `does not take ${content === 'images' ? 'disks of VMs' : 'containers'} (content: ${content})`;
}

function poolFaults({ node, pools }: TargetFacts, { pool }: WantedOfTarget): readonly TargetFault[] {
  if (pool === undefined || pools.includes(pool)) return [];
  return [{ message: `there is no pool ${pool} on ${node}`, hint: 'create it first, or name another' }];
}

function bridgeFaults(facts: TargetFacts, wanted: WantedOfTarget): readonly TargetFault[] {
  if (facts.bridges.length === 0) return [];
  return wanted.bridges
    .filter((bridge) => !facts.bridges.includes(bridge))
    .map((bridge) => ({
      message: `there is no bridge ${bridge} on ${facts.node}`,
      hint: `--map-bridge ${bridge}=NAME, with one of: ${facts.bridges.join(', ')}`,
    }));
}
