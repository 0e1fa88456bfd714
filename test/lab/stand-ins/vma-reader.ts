/**
 * Reads VMA as `vma extract` does, and refuses what it refuses, with its words. Written apart from the program's own reader, so
 * that both are checked against the same archives and not against each other.
 */
import { createHash } from 'node:crypto';
import type { ByteSource } from './byte-source.ts';
import {
  BLOCK,
  BLOCKS_PER_CLUSTER,
  CLUSTER,
  CONFIG_DATA,
  CONFIG_NAMES,
  DEVICE_ENTRY,
  DEVICES,
  ENTRIES,
  EXTENT_HEADER,
  EXTENT_MD5,
  FIXED_HEADER,
  HEADER_MD5,
  MAX_ENTRIES,
  MD5_LENGTH,
} from './vma-layout.ts';

/** What the real program says after `vma: ` before it kills itself. */
export class VmaError extends Error {}

export interface ArchiveDevice {
  readonly id: number;
  readonly name: string;
  /** In bytes. */
  readonly size: number;
}

export interface ArchiveHeader {
  readonly uuid: Uint8Array;
  /** Unix time in seconds. */
  readonly created: number;
  readonly configs: ReadonlyMap<string, Uint8Array>;
  readonly devices: readonly ArchiveDevice[];
}

/** Called for each stored block, and with no data for a cluster of zeros. Bytes behind the end of the device are cut off. */
export interface DiskWriter {
  readonly data: (device: ArchiveDevice, offset: number, bytes: Uint8Array) => void;
  /** After each cluster, whose bytes are counted in full even where the device ends inside. */
  readonly progress: (bytes: number, zeroBytes: number) => void;
}

/** @throws VmaError */
export async function readVmaHeader(source: ByteSource): Promise<ArchiveHeader> {
  const fixed = await source.upTo(FIXED_HEADER);
  if (fixed.length < FIXED_HEADER) throw new VmaError("can't read vma header - got EOF");
  if (fixed.toString('latin1', 0, 4) !== 'VMA\0') throw new VmaError('not a vma file - wrong magic number');
  const size = fixed.readUInt32BE(56);
  if (size <= FIXED_HEADER) throw new VmaError(`wrong vma header size ${size}`);
  const rest = await source.upTo(size - FIXED_HEADER);
  if (rest.length < size - FIXED_HEADER) throw new VmaError("can't read vma header data - got EOF");
  const header = Buffer.concat([fixed, rest]);
  if (!checksumHolds(header, HEADER_MD5)) throw new VmaError('wrong vma header chechsum');
  checkNumbers(header, size);
  const blobs = blobsOf(header);
  return {
    uuid: header.subarray(8, 24),
    created: Number(header.readBigInt64BE(24)),
    configs: configsOf(header, blobs),
    devices: devicesOf(header, blobs),
  };
}

/** Reads all extents to the end of the stream. @throws VmaError, also when clusters are missing at the end */
export async function readVmaExtents(
  source: ByteSource,
  header: ArchiveHeader,
  writer: DiskWriter,
): Promise<void> {
  const devices = new Map(
    header.devices.map((device) => [device.id, { device, seen: new Uint8Array(clusters(device)) }]),
  );
  for (;;) {
    const head = await source.upTo(EXTENT_HEADER);
    if (head.length === 0) break;
    const blocks = checkExtentHeader(head, header);
    const data = await source.upTo(blocks * BLOCK);
    const need = EXTENT_HEADER + blocks * BLOCK;
    if (data.length < blocks * BLOCK || blocks > MAX_ENTRIES * BLOCKS_PER_CLUSTER) {
      throw new VmaError(`restore failed - short vma extent (${EXTENT_HEADER + data.length} < ${need})`);
    }
    takeExtent({ head, data, blocks }, devices, writer);
  }
  for (const { device, seen } of devices.values()) {
    const missing = seen.indexOf(0);
    if (missing >= 0)
      throw new VmaError(`restore failed - detected missing cluster ${missing} for stream ${device.name}`);
  }
}

interface KnownDevice {
  readonly device: ArchiveDevice;
  /** One byte a cluster, 1 when it was there. */
  readonly seen: Uint8Array;
}

interface Extent {
  readonly head: Buffer;
  readonly data: Buffer;
  readonly blocks: number;
}

function checkNumbers(header: Buffer, size: number): void {
  const version = header.readUInt32BE(4);
  const offset = header.readUInt32BE(48);
  const length = header.readUInt32BE(52);
  if (version !== 1) throw new VmaError(`wrong vma version ${version}`);
  if (offset < FIXED_HEADER) throw new VmaError(`wrong vma blob buffer offset ${offset}`);
  if (offset + length > size) throw new VmaError(`wrong vma blob buffer size ${offset}/${offset + length}`);
}

/** The records of the chain, by the place of their length. */
function blobsOf(header: Buffer): ReadonlyMap<number, Buffer> {
  const start = header.readUInt32BE(48);
  const buffer = header.subarray(start, start + header.readUInt32BE(52));
  const blobs = new Map<number, Buffer>();
  for (let at = 1; at + 2 <= buffer.length; ) {
    const length = buffer.readUInt16LE(at);
    if (at + 2 + length > buffer.length) break;
    blobs.set(at, buffer.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return blobs;
}

function configsOf(header: Buffer, blobs: ReadonlyMap<number, Buffer>): ReadonlyMap<string, Uint8Array> {
  const configs = new Map<string, Uint8Array>();
  for (let index = 0; index < 256; index++) {
    const namePointer = header.readUInt32BE(CONFIG_NAMES + 4 * index);
    const dataPointer = header.readUInt32BE(CONFIG_DATA + 4 * index);
    if (namePointer === 0 || dataPointer === 0) continue;
    const name = stringOf(blobs.get(namePointer));
    const data = blobs.get(dataPointer);
    if (name === undefined || data === undefined) throw new VmaError('vma contains invalid data pointers');
    configs.set(name, data);
  }
  return configs;
}

function devicesOf(header: Buffer, blobs: ReadonlyMap<number, Buffer>): readonly ArchiveDevice[] {
  const devices: ArchiveDevice[] = [];
  for (let id = 1; id < 255; id++) {
    const at = DEVICES + DEVICE_ENTRY * id;
    const name = stringOf(blobs.get(header.readUInt32BE(at)));
    const size = Number(header.readBigUInt64BE(at + 8));
    if (name !== undefined && size > 0) devices.push({ id, name, size });
  }
  return devices;
}

function stringOf(blob: Buffer | undefined): string | undefined {
  return blob === undefined || blob.at(-1) !== 0 ? undefined : blob.toString('utf8', 0, blob.length - 1);
}

/** @returns how many blocks follow */
function checkExtentHeader(head: Buffer, header: ArchiveHeader): number {
  if (head.length < EXTENT_HEADER)
    throw new VmaError(`restore failed - read short extent (${head.length} bytes)`);
  if (!checksumHolds(head, EXTENT_MD5))
    throw new VmaError('restore failed - wrong vma extent header chechsum');
  if (!head.subarray(8, 24).equals(header.uuid)) throw new VmaError('restore failed - wrong vma extent uuid');
  if (head.toString('latin1', 0, 4) !== 'VMAE' || head.readUInt16BE(4) !== 0) {
    throw new VmaError('restore failed - wrong vma extent header magic');
  }
  return head.readUInt16BE(6);
}

function takeExtent(extent: Extent, devices: ReadonlyMap<number, KnownDevice>, writer: DiskWriter): void {
  let used = 0;
  for (let index = 0; index < MAX_ENTRIES; index++) {
    const at = ENTRIES + 8 * index;
    const id = extent.head.readUInt8(at + 3);
    if (id === 0) continue;
    used += takeEntry(devices.get(id), { ...extent, at, id, used }, writer);
  }
  if (used < extent.blocks) throw new VmaError('restore failed - vma extent error - missing blocks');
}

interface Entry extends Extent {
  readonly at: number;
  readonly id: number;
  /** Blocks of the extent's data that earlier entries have taken. */
  readonly used: number;
}

/** @returns how many blocks the entry has taken */
function takeEntry(known: KnownDevice | undefined, entry: Entry, writer: DiskWriter): number {
  if (known === undefined) throw new VmaError(`restore failed - got wrong dev id ${entry.id}`);
  const { device, seen } = known;
  const cluster = entry.head.readUInt32BE(entry.at + 4);
  const mask = entry.head.readUInt16BE(entry.at);
  if (cluster < seen.length && seen[cluster] === 1) {
    throw new VmaError(`restore failed - found duplicated cluster ${cluster} for stream ${device.name}`);
  }
  let taken = 0;
  for (let block = 0; block < BLOCKS_PER_CLUSTER; block++) {
    if ((mask & (1 << block)) === 0) continue;
    const offset = cluster * CLUSTER + block * BLOCK;
    const from = (entry.used + taken++) * BLOCK;
    if (from + BLOCK > entry.data.length)
      throw new VmaError('restore failed - short vma extent - too many blocks');
    if (offset >= device.size)
      throw new VmaError('restore failed - got wrong block address - write beyond end');
    writer.data(device, offset, entry.data.subarray(from, from + Math.min(BLOCK, device.size - offset)));
  }
  if (cluster >= seen.length) return taken;
  seen[cluster] = 1;
  writer.progress(CLUSTER, CLUSTER - taken * BLOCK);
  return taken;
}

function clusters(device: ArchiveDevice): number {
  return Math.ceil(device.size / CLUSTER);
}

function checksumHolds(bytes: Buffer, at: number): boolean {
  const copy = Buffer.from(bytes);
  copy.fill(0, at, at + MD5_LENGTH);
  return createHash('md5')
    .update(copy)
    .digest()
    .equals(bytes.subarray(at, at + MD5_LENGTH));
}
