import type { GuestRef, NodeName } from './guest.ts';

/**
 * What one host entry showed when it was asked: the cluster, its nodes, guests, pools and storages.
 * Plain data; reading it is `read-inventory.ts`.
 */
export interface Inventory {
  readonly version: PveVersion;
  /** SHA-256 of the cluster's root certificate (DER), 64 lower-case hex digits; names the cluster for good. */
  readonly clusterFingerprint: string;
  /** Why that fingerprint is weaker than it should be; absent when it is not. */
  readonly identityNote?: string;
  /** The node that was asked. */
  readonly localNode: NodeName;
  /** How far its clock was ahead of this machine's, in milliseconds; negative: behind. Absent where it did not tell. */
  readonly clockAheadMs?: number;
  readonly nodes: readonly NodeFacts[];
  readonly pools: readonly string[];
  readonly storages: readonly StorageFacts[];
  readonly guests: readonly Guest[];
}

export interface PveVersion {
  /** `8.4` */
  readonly release: string;
  /** `8.4.21`, or `7.4-19` */
  readonly version: string;
}

export interface NodeFacts {
  readonly name: NodeName;
  readonly online: boolean;
  readonly address?: string;
  /** Bridges that its network configuration declares; absent where it is not known, as of all nodes but the asked one. */
  readonly bridges?: readonly string[];
}

export interface StorageFacts {
  readonly node: NodeName;
  readonly storage: string;
  /** `lvm`, `lvmthin`, `dir`, ...; absent where it is not told. */
  readonly type?: string;
  readonly available: boolean;
  readonly shared: boolean;
  /** `images`, `rootdir`, `backup`, ... */
  readonly content: readonly string[];
  readonly totalBytes: number;
  readonly usedBytes: number;
}

export interface Guest {
  readonly ref: GuestRef;
  readonly node: NodeName;
  /** `running`, `stopped`, `paused`, ...; `unknown` when the node is off or the guest is seconds old. */
  readonly status: string;
  readonly name?: string;
  readonly template: boolean;
  readonly pool?: string;
  readonly tags: readonly string[];
  readonly lock?: string;
  readonly identity: LineIdentity;
  /** Its disks and mount points, with the size the configuration states, where it does; those of `unusedN` last. */
  readonly volumes: readonly GuestVolume[];
  /** Set when the guest may not be removed or overwritten. */
  readonly protection?: true;
  /** Bridges that its network cards are on; absent when there are none. */
  readonly bridges?: readonly string[];
  /** Lines in force of its configuration by which it reaches its node (`host-access.ts`); absent when there are none. */
  readonly hostAccess?: readonly string[];
  /** Its entry among the resources of high availability. */
  readonly ha?: HaMembership;
  /** Its replication jobs; absent when there are none. */
  readonly replication?: readonly ReplicationJob[];
}

/** A section `vm: 101` or `ct: 105` of /etc/pve/ha/resources.cfg. */
export interface HaMembership {
  /** What is wanted: `started` (also when nothing is said), `stopped`, `disabled`, `ignored`. */
  readonly state: string;
  /** Before 9, which has rules instead. */
  readonly group?: string;
}

/** A section `local: 101-0` of /etc/pve/replication.cfg. */
export interface ReplicationJob {
  readonly id: string;
  readonly target: NodeName;
  /** A calendar event of systemd; absent: every 15 minutes. */
  readonly schedule?: string;
  readonly enabled: boolean;
}

export interface GuestVolume {
  /** `scsi0`, `efidisk0`, `rootfs`, `mp0`, `unused0` */
  readonly key: string;
  readonly bytes?: number;
  /** The storage it lies on; absent for paths and empty drives. */
  readonly storage?: string;
  /** Why a dump leaves it out; absent when it is dumped. */
  readonly leftOut?: 'backup=0' | 'no backup=1' | 'bind mount' | 'device' | 'cdrom' | 'not attached';
}

/** A guest's line: 16 lower-case hex digits that stay the same for as long as it is the same machine (FORMAT.md). */
export type LineId = string & { readonly __brand: 'LineId' };

export interface LineIdentity {
  readonly line: LineId;
  /** What the line was made from, besides cluster, type and vmid. */
  readonly machine:
    | { readonly kind: 'smbios-uuid'; readonly uuid: string }
    | { readonly kind: 'hardware-address'; readonly address: string }
    /** Nothing tells this guest from another one that gets its vmid later. */
    | { readonly kind: 'none' };
}
