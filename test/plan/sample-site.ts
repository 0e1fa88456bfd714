import type { BackupPolicy, GuestFilter, HostEntry, RestoreIntent, Site } from '../../src/config/site.ts';
import type { Facts, GuestSnapshot, HostFacts } from '../../src/plan/facts.ts';
import type { Plan } from '../../src/plan/plan.ts';
import {
  formatGuestRef,
  type GuestRef,
  type NodeName,
  parseGuestRef,
  parseNodeName,
  parseVmid,
  type Vmid,
} from '../../src/pve/guest.ts';
import type { Guest, Inventory, LineId } from '../../src/pve/inventory.ts';
import { parseLineId } from '../../src/pve/line-id.ts';

/** Builders of sites and facts: each fills in a quiet default, tests state what matters. */

export const HOUR = 3_600_000;
/** Mon 23 Nov 2026 02:00 in Berlin. */
export const NOW = Date.UTC(2026, 10, 23, 1);

export function vmid(number: number): Vmid {
  return required(parseVmid(number), `vmid ${number}`);
}

export function node(name: string): NodeName {
  return required(parseNodeName(name), `node ${name}`);
}

export function ref(text: string): GuestRef {
  return required(parseGuestRef(text), `guest ${text}`);
}

/** A line of 16 hex digits that ends with its seed: `line('a1')`. */
export function line(seed: string): LineId {
  return required(parseLineId(seed.padStart(16, '0')), `line ${seed}`);
}

/** 64 hex digits that begin with a prefix. */
export function snapshotId(prefix: string): string {
  return prefix.padEnd(64, '0');
}

export function guest(name: string, facts: Partial<Guest> = {}): Guest {
  const guestRef = ref(name);
  return {
    ref: guestRef,
    node: node('pve'),
    status: 'running',
    template: false,
    tags: [],
    identity: {
      line: line(String(guestRef.vmid)),
      machine: { kind: 'smbios-uuid', uuid: `0000-${guestRef.vmid}` },
    },
    volumes: [],
    ...facts,
  };
}

export function inventory(guests: readonly Guest[], facts: Partial<Inventory> = {}): Inventory {
  return {
    version: { release: '8.4', version: '8.4.21' },
    clusterFingerprint: 'aa'.repeat(32),
    localNode: node('pve'),
    nodes: [{ name: node('pve'), online: true }],
    pools: [],
    storages: [],
    guests,
    ...facts,
  };
}

export function host(name: string, entry: Partial<HostEntry> = {}): HostEntry {
  return {
    name,
    id: name,
    access: { kind: 'local' },
    backupMode: 'snapshot',
    backupCompression: '0',
    dumpDir: '/var/lib/vz/dump',
    cleanup: false,
    vzdump: { excludePath: [] },
    ...entry,
  };
}

export function policy(name: string, entry: Partial<BackupPolicy> = {}): BackupPolicy {
  return {
    name,
    hosts: ['pve'],
    repository: 'main',
    select: { kind: 'all' },
    include: undefined,
    exclude: undefined,
    rpoMs: 24 * HOUR,
    ...entry,
  };
}

export function filter(entries: Partial<GuestFilter>): GuestFilter {
  return { vmids: [], tags: [], names: [], types: [], statuses: [], ...entries };
}

export function intent(name: string, entry: Partial<RestoreIntent> = {}): RestoreIntent {
  return {
    name,
    repository: 'main',
    snapshot: 'latest',
    guest: ref('qemu/101'),
    fromHostId: 'pve',
    to: { host: 'pve', vmid: vmid(901), unique: false, start: false },
    onExisting: 'fail',
    manual: false,
    ...entry,
  };
}

export function site(
  entries: Partial<Omit<Site, 'hosts'>> & { readonly hosts?: readonly HostEntry[] } = {},
): Site {
  const { hosts = [host('pve')], ...others } = entries;
  return {
    file: '/etc/pvebak/site.yaml',
    cadenceMs: 24 * HOUR,
    repositories: new Map(),
    backups: [],
    restores: [],
    ...others,
    hosts: new Map(hosts.map((entry) => [entry.name, entry])),
  };
}

/** Facts about hosts by name, and one repository `main` unless others are given. */
export function facts(
  hosts: Readonly<Record<string, Inventory | string>>,
  snapshots: readonly GuestSnapshot[] | Readonly<Record<string, readonly GuestSnapshot[]>> = [],
): Facts {
  const repositories = Array.isArray(snapshots) ? { main: snapshots } : snapshots;
  return {
    now: NOW,
    hosts: new Map(Object.entries(hosts).map(([name, found]) => [name, hostFacts(found)])),
    repositories: new Map(
      Object.entries(repositories).map(([name, held]) => [
        name,
        {
          id: snapshotId(Buffer.from(name).toString('hex')),
          snapshots: held,
          nodeSnapshots: [],
          keyCount: 2,
          pinned: new Set(),
          acknowledged: new Set(),
          damaged: new Set(),
          verified: new Map(),
        },
      ]),
    ),
  };
}

/** A backup of a guest so many milliseconds old. */
export function backup(of: Guest, ageMs: number, entry: Partial<GuestSnapshot> = {}): GuestSnapshot {
  return {
    id: snapshotId(`${of.ref.vmid}${Math.abs(ageMs)}`),
    time: NOW - ageMs,
    offsetMinutes: 60,
    hostId: 'pve',
    guest: of.ref,
    line: of.identity.line,
    policies: [],
    ...entry,
  };
}

/** The facts once the plan's backups were made, each begun at the clock reading of the facts. */
export function afterBackups(before: Facts, plan: Plan): Facts {
  const repositories = new Map(before.repositories);
  for (const { repository, guest: label, identity, host: hostId } of plan.backups) {
    const held = required(repositories.get(repository), repository);
    const made: GuestSnapshot = {
      id: snapshotId(`${held.snapshots.length}`),
      time: before.now,
      offsetMinutes: 60,
      hostId,
      guest: label.ref,
      line: identity.line,
      policies: [],
    };
    repositories.set(repository, { ...held, snapshots: [...held.snapshots, made] });
  }
  return { ...before, repositories };
}

/** `qemu/101` of each entry that names a guest. */
export function refs(entries: readonly { readonly guest: { readonly ref: GuestRef } }[]): readonly string[] {
  return entries.map((entry) => formatGuestRef(entry.guest.ref));
}

function hostFacts(found: Inventory | string): HostFacts {
  return typeof found === 'string'
    ? { kind: 'unreachable', reason: found }
    : { kind: 'reached', inventory: found };
}

function required<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`bad sample: ${what}`);
  return value;
}
