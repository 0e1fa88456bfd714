import { JoinedBytes } from '../joined-bytes.ts';
import { BLOCK_BYTES, CLUSTER_BYTES, wholeClusterMask } from './block-mask.ts';
import { encodeVmaHeader } from './encode-vma-header.ts';
import { EXTENT_HEADER_BYTES, encodeVmaExtentHeader } from './extent-header-codec.ts';
import { type ExtentTable, emptyExtentTable } from './extent-table.ts';
import { openWindow, WINDOW_BYTES, windowCount } from './extent-window.ts';
import type { VmaDevice, VmaHeader } from './vma-header.ts';

/** A disk and how it is stored. */
export interface ChunkedDevice extends VmaDevice {
  /** Whole clusters; divides 3 MiB. */
  readonly chunkSize: number;
}

export interface CanonicalArchive {
  readonly header: Omit<VmaHeader, 'devices'> & { readonly devices: readonly ChunkedDevice[] };
  /** Whether all bytes of a stored chunk are zero. */
  isZero(deviceId: number, chunk: number): boolean;
}

/** What follows next in the archive. */
export type CanonicalPart =
  /** The archive header and extent headers with no data between them, joined, at most 1 MiB; owned by the receiver. */
  | { readonly kind: 'headers'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The stored chunk of a device, all of it; the last is as short as the device makes it. */
  | { readonly kind: 'chunk'; readonly deviceId: number; readonly chunk: number }
  /** Zeros that fill the last block of a device, below 4096 bytes. */
  | { readonly kind: 'padding'; readonly length: number };

/**
 * The one VMA archive of a machine whose disks are stored as chunks: devices by id, clusters ascending, one aligned
 * 3 MiB window of a device in each extent. A chunk of zeros takes no data; any other is there whole, its zero blocks
 * included. An archive without devices is one empty extent, as `vma create` writes it. Made lazily, part by part.
 * @throws RangeError for a chunk size that does not fit, or a header that cannot be
 */
export function* canonicalArchive(archive: CanonicalArchive): Generator<CanonicalPart, void, void> {
  const devices = inOrder(archive);
  const run = new JoinedBytes();
  yield* headerParts(run.add(encodeVmaHeader({ ...archive.header, devices })));
  const table = emptyExtentTable();
  if (devices.length === 0) yield* headerParts(run.add(encodeVmaExtentHeader(table, archive.header.uuid)));
  for (const device of devices) {
    for (let window = 0; window < windowCount(device.size); window++) {
      openWindow(table, device, window);
      const chunks = markChunks(archive, device, { window, table });
      const full = run.add(encodeVmaExtentHeader(table, archive.header.uuid));
      if (full.length > 0) yield* headerParts(full);
      if (chunks.length > 0) {
        yield* headerParts(run.end());
        yield* dataParts(device, chunks);
      }
    }
  }
  yield* headerParts(run.end());
}

/** How many bytes the archive has. It asks for each chunk once, as writing it does. */
export function canonicalArchiveLength(archive: CanonicalArchive): number {
  const devices = inOrder(archive);
  const header = encodeVmaHeader({ ...archive.header, devices }).length;
  if (devices.length === 0) return header + EXTENT_HEADER_BYTES;
  return devices.reduce((sum, device) => sum + deviceLength(archive, device), header);
}

function deviceLength(archive: CanonicalArchive, device: ChunkedDevice): number {
  let length = windowCount(device.size) * EXTENT_HEADER_BYTES;
  for (let chunk = 0; chunk * device.chunkSize < device.size; chunk++) {
    if (archive.isZero(device.id, chunk)) continue;
    const bytes = Math.min(device.chunkSize, device.size - chunk * device.chunkSize);
    length += Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return length;
}

function inOrder({ header }: CanonicalArchive): ChunkedDevice[] {
  for (const { name, chunkSize } of header.devices) {
    if (!(chunkSize > 0) || WINDOW_BYTES % chunkSize !== 0 || chunkSize % CLUSTER_BYTES !== 0) {
      throw new RangeError(`chunks of ${chunkSize} bytes of ${name} do not divide an extent`);
    }
  }
  return header.devices.toSorted((one, other) => one.id - other.id);
}

/** Sets the masks of the chunks of a window that hold data, and names these chunks. */
function markChunks(
  archive: CanonicalArchive,
  device: ChunkedDevice,
  { window, table }: { readonly window: number; readonly table: ExtentTable },
): number[] {
  const perChunk = device.chunkSize / CLUSTER_BYTES;
  const firstChunk = (window * WINDOW_BYTES) / device.chunkSize;
  const marked: number[] = [];
  for (let from = 0; from < table.count; from += perChunk) {
    const chunk = firstChunk + from / perChunk;
    if (archive.isZero(device.id, chunk)) continue;
    marked.push(chunk);
    for (let index = from; index < Math.min(from + perChunk, table.count); index++) {
      table.masks[index] = wholeClusterMask(device.size, table.clusters[index] ?? 0);
    }
  }
  return marked;
}

function* headerParts(runs: readonly Uint8Array<ArrayBuffer>[]): Generator<CanonicalPart, void, void> {
  for (const bytes of runs) yield { kind: 'headers', bytes };
}

function* dataParts(device: ChunkedDevice, chunks: readonly number[]): Generator<CanonicalPart, void, void> {
  for (const chunk of chunks) yield { kind: 'chunk', deviceId: device.id, chunk };
  const last = chunks.at(-1) ?? 0;
  const beyond = device.size % BLOCK_BYTES;
  if (beyond !== 0 && (last + 1) * device.chunkSize >= device.size) {
    yield { kind: 'padding', length: BLOCK_BYTES - beyond };
  }
}
