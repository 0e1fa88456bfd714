/**
 * Writes VMA the way QEMU's backup does: the archive header goes out together with the first extent, an extent holds 58 clusters,
 * drives are read one after the other beginning with the last, and inside a drive up to 16 copies are under way and finish in any
 * order.
 */
import { createHash, randomBytes } from 'node:crypto';
import { clusterOrder } from './cluster-order.ts';
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
} from './vma-layout.ts';

export interface VmaDevice {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Fills the buffer with a cluster; undefined: the whole device reads as zeros. */
  readonly read: ((cluster: number, into: Uint8Array) => void) | undefined;
}

export interface VmaArchive {
  /** By name: `qemu-server.conf`, `qemu-server.fw`. */
  readonly configs: ReadonlyMap<string, Uint8Array>;
  readonly devices: readonly VmaDevice[];
  /** Unix time in seconds. */
  readonly created: number;
  readonly uuid: Uint8Array;
}

export interface VmaSink {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Told of each cluster that was read; may wait, to keep a rate. */
  readonly onCluster: (bytes: number, zeroBytes: number) => void | Promise<void>;
  /** True: bytes go out extent by extent instead of in larger pieces. */
  readonly eager: boolean;
  /** True: ends without the last extent, as a cancelled job does. */
  readonly loseLastExtent: boolean;
}

const STOCK_ENTRIES = 58;

export async function writeVma(archive: VmaArchive, sink: VmaSink): Promise<void> {
  const out = new ExtentStream(archive, sink);
  const buffer = Buffer.alloc(CLUSTER);
  for (const { device: index, cluster } of clusterOrder(archive.devices.map(clustersOf), archive.uuid)) {
    const device = archive.devices[index];
    if (device === undefined) throw new Error(`no device ${index}`);
    if (out.isFull) await out.flush();
    const mask = device.read === undefined ? 0 : readCluster(device, cluster, buffer);
    out.add(index + 1, cluster, { mask, data: buffer });
    const size = Math.min(CLUSTER, device.size - cluster * CLUSTER);
    const waiting = sink.onCluster(size, Math.max(0, size - bitsOf(mask) * BLOCK));
    if (waiting !== undefined) await waiting;
  }
  if (!sink.loseLastExtent) await out.flush();
  await out.drain();
}

/** The archive header of `archive`, padded to a multiple of 512. */
export function vmaHeader(archive: VmaArchive): Uint8Array {
  const blobs = new BlobBuffer();
  const header = Buffer.alloc(FIXED_HEADER);
  header.write('VMA\0', 0, 'latin1');
  header.writeUInt32BE(1, 4);
  header.set(archive.uuid, 8);
  header.writeBigInt64BE(BigInt(archive.created), 24);
  [...archive.configs].forEach(([name, data], index) => {
    header.writeUInt32BE(blobs.addString(name), CONFIG_NAMES + 4 * index);
    header.writeUInt32BE(blobs.add(data), CONFIG_DATA + 4 * index);
  });
  archive.devices.forEach((device, index) => {
    const at = DEVICES + DEVICE_ENTRY * (index + 1);
    header.writeUInt32BE(blobs.addString(device.name), at);
    header.writeBigUInt64BE(BigInt(device.size), at + 8);
  });
  const size = FIXED_HEADER + Math.ceil(blobs.size / 512) * 512;
  header.writeUInt32BE(FIXED_HEADER, 48);
  header.writeUInt32BE(blobs.size, 52);
  header.writeUInt32BE(size, 56);
  const whole = Buffer.concat([header, blobs.bytes()], size);
  whole.set(createHash('md5').update(whole).digest(), HEADER_MD5);
  return whole;
}

export function randomUuid(): Uint8Array {
  return randomBytes(16);
}

class BlobBuffer {
  size = 1;
  #parts: Uint8Array[] = [Buffer.alloc(1)];

  add(data: Uint8Array): number {
    const at = this.size;
    const length = Buffer.alloc(2);
    length.writeUInt16LE(data.length);
    this.#parts.push(length, data);
    this.size += 2 + data.length;
    return at;
  }

  addString(text: string): number {
    return this.add(Buffer.from(`${text}\0`, 'utf8'));
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

class ExtentStream {
  readonly #sink: VmaSink;
  readonly #uuid: Uint8Array;
  readonly #extent = Buffer.alloc(EXTENT_HEADER + MAX_ENTRIES * CLUSTER);
  #entries = 0;
  #length = EXTENT_HEADER;
  #ready: Uint8Array[];
  #readyBytes = 0;

  constructor(archive: VmaArchive, sink: VmaSink) {
    this.#sink = sink;
    this.#uuid = archive.uuid;
    this.#ready = [vmaHeader(archive)];
  }

  get isFull(): boolean {
    return this.#entries === STOCK_ENTRIES;
  }

  add(device: number, cluster: number, content: { readonly mask: number; readonly data: Buffer }): void {
    const at = ENTRIES + 8 * this.#entries++;
    this.#extent.writeUInt16BE(content.mask, at);
    this.#extent.writeUInt16BE(device, at + 2);
    this.#extent.writeUInt32BE(cluster, at + 4);
    for (let block = 0; block < BLOCKS_PER_CLUSTER; block++) {
      if ((content.mask & (1 << block)) === 0) continue;
      content.data.copy(this.#extent, this.#length, block * BLOCK, (block + 1) * BLOCK);
      this.#length += BLOCK;
    }
  }

  async flush(): Promise<void> {
    const header = this.#extent.subarray(0, EXTENT_HEADER);
    header.write('VMAE', 0, 'latin1');
    header.writeUInt16BE((this.#length - EXTENT_HEADER) / BLOCK, 6);
    header.set(this.#uuid, 8);
    header.fill(0, EXTENT_MD5, ENTRIES);
    header.set(createHash('md5').update(header).digest(), EXTENT_MD5);
    this.#ready.push(Buffer.from(this.#extent.subarray(0, this.#length)));
    this.#readyBytes += this.#length;
    header.fill(0);
    this.#entries = 0;
    this.#length = EXTENT_HEADER;
    if (this.#sink.eager || this.#readyBytes >= 1 << 20) await this.drain();
  }

  async drain(): Promise<void> {
    const bytes = Buffer.concat(this.#ready);
    this.#ready = [];
    this.#readyBytes = 0;
    await this.#sink.write(bytes);
  }
}

const ZEROS = Buffer.alloc(BLOCK);

/** @returns the mask of blocks that hold something; what lies behind the end of the device is zero */
function readCluster(device: VmaDevice, cluster: number, buffer: Buffer): number {
  const length = Math.min(CLUSTER, device.size - cluster * CLUSTER);
  device.read?.(cluster, buffer.subarray(0, length));
  buffer.fill(0, length);
  let mask = 0;
  for (let block = 0; block < BLOCKS_PER_CLUSTER; block++) {
    if (buffer.compare(ZEROS, 0, BLOCK, block * BLOCK, (block + 1) * BLOCK) !== 0) mask |= 1 << block;
  }
  return mask;
}

function clustersOf(device: VmaDevice): number {
  return Math.ceil(device.size / CLUSTER);
}

function bitsOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
