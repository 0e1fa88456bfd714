import type { GuestRef } from '../pve/guest.ts';
import type { HaMembership, LineIdentity, PveVersion, ReplicationJob } from '../pve/inventory.ts';
import type { LeftOut, TakenRootfs } from './rootfs/rootfs-view.ts';

/**
 * `pvebak.json`: what a guest's snapshot says of itself (FORMAT.md). Its schema is `schemas/pvebak.schema.json`.
 */
export interface GuestRecord {
  readonly version: 1;
  readonly guest: {
    readonly type: GuestRef['type'];
    readonly vmid: number;
    readonly name?: string;
    readonly tags: readonly string[];
    readonly pool?: string;
    readonly template: boolean;
    readonly ha?: HaMembership;
    /** Absent when there is none. */
    readonly replication?: readonly ReplicationJob[];
  };
  readonly host: string;
  readonly node: string;
  readonly pve: PveVersion;
  readonly line: { readonly id: string; readonly cluster: string; readonly machine: LineIdentity['machine'] };
  readonly dump: {
    readonly mode: string;
    readonly compression: string;
    readonly command: readonly string[];
    /** RFC 3339 */
    readonly started: string;
    readonly ended: string;
    readonly exitStatus: number;
    readonly warnings: readonly string[];
  };
  readonly disks: readonly DiskRecord[];
  readonly archive: ArchiveRecord;
  /** A container's only. */
  readonly rootfs?: RootfsRecord;
  readonly leftOut: readonly { readonly key: string; readonly reason: string }[];
  /** How often clusters that came out of order did not fit into memory. */
  readonly assembly?: { readonly spilledPieces: number; readonly smallerBlobs: number };
}

export interface DiskRecord {
  /** The device's name in the archive, and its folder here: `drive-scsi0` */
  readonly device: string;
  readonly deviceId: number;
  readonly size: number;
  readonly zeroBytes: number;
  readonly newBytes: number;
  readonly reusedBytes: number;
  readonly chunkSize: number;
  readonly listDigest: string;
}

export interface ArchiveRecord {
  readonly name: string;
  readonly size: number;
  readonly newBytes: number;
  readonly reusedBytes: number;
  readonly listDigest: string;
  /** Of the whole stream; a container's tar only. */
  readonly sha256?: string;
}

/** The files of a container beside its archive. */
export interface RootfsRecord {
  /** Names of all that is no folder. */
  readonly files: number;
  readonly folders: number;
  /** Of small files, holes and trees; the blobs of large files are counted with the archive. */
  readonly newBytes: number;
  readonly reusedBytes: number;
  /** Members that are in the archive only, in whole or in part: the first hundred. */
  readonly leftOut: readonly LeftOut[];
  readonly leftOutCount: number;
}

export function rootfsRecord({ files, folders, amount, leftOut, leftOutCount }: TakenRootfs): RootfsRecord {
  const { newBytes, reusedBytes } = amount;
  return { files, folders, newBytes, reusedBytes, leftOut, leftOutCount };
}

export function encodeGuestRecord(record: GuestRecord): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`, 'utf8'));
}

/** What an earlier record says of its contents; whatever is not understood is left out. */
export interface RecordedContents {
  readonly chunkSizes: ReadonlyMap<string, number>;
  /** By device name. */
  readonly diskDigests: ReadonlyMap<string, string>;
  readonly archiveDigest: string | undefined;
  readonly archiveSha256: string | undefined;
}

/** Parses pvebak.json. It comes from outside: nothing in it is believed but sizes that can be and digests. */
export function parseRecordedContents(json: Uint8Array): RecordedContents {
  const record = parseObject(json);
  const disks = (Array.isArray(record['disks']) ? record['disks'] : []).map(asObject);
  const archive = asObject(record['archive']);
  return {
    chunkSizes: new Map(
      disks.flatMap(({ device, chunkSize }) =>
        isText(device) && isChunkSize(chunkSize) ? [[device, chunkSize]] : [],
      ),
    ),
    diskDigests: new Map(
      disks.flatMap(({ device, listDigest }) =>
        isText(device) && isDigest(listDigest) ? [[device, listDigest]] : [],
      ),
    ),
    archiveDigest: isDigest(archive['listDigest']) ? archive['listDigest'] : undefined,
    archiveSha256: isDigest(archive['sha256']) ? archive['sha256'] : undefined,
  };
}

/** What a record says of its guest, as far as a restore asks for it. */
export interface RecordedGuest {
  readonly name?: string;
  readonly node?: string;
  readonly pool?: string;
  readonly tags: readonly string[];
  /** Of each disk what is not all zeros, by device name. */
  readonly dataBytes: ReadonlyMap<string, number>;
  readonly archiveBytes?: number;
}

/** Parses pvebak.json, which comes from outside: whatever is not understood is left out. */
export function parseRecordedGuest(json: Uint8Array): RecordedGuest {
  const record = parseObject(json);
  const { name, pool, tags } = asObject(record['guest']);
  const { node, disks } = record;
  const { size } = asObject(record['archive']);
  return {
    ...(isText(name) && { name }),
    ...(isText(node) && { node }),
    ...(isText(pool) && { pool }),
    tags: (Array.isArray(tags) ? tags : []).filter(isText),
    dataBytes: new Map(
      (Array.isArray(disks) ? disks : [])
        .map(asObject)
        .flatMap(({ device, size: bytes, zeroBytes }) =>
          isText(device) && isCount(bytes) && isCount(zeroBytes) && zeroBytes <= bytes
            ? [[device, bytes - zeroBytes]]
            : [],
        ),
    ),
    ...(isCount(size) && { archiveBytes: size }),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function parseObject(json: Uint8Array): Record<string, unknown> {
  try {
    return asObject(JSON.parse(Buffer.from(json).toString('utf8')));
  } catch {
    return {};
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** A chunk must divide the 3 MiB of an extent and hold whole clusters. */
function isChunkSize(value: unknown): value is number {
  return (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= 65536 &&
    value % 65536 === 0 &&
    (3 << 20) % value === 0
  );
}
