import { FormatError } from '../format-error.ts';
import { JoinedBytes } from '../joined-bytes.ts';
import { BLOCK_BYTES, CLUSTER_BYTES, markedBlocks, markedRuns } from './block-mask.ts';
import { dataMask } from './data-mask.ts';
import { type DevicePiece, DeviceReader } from './device-reader.ts';
import { encodeVmaHeader } from './encode-vma-header.ts';
import { encodeVmaExtentHeader } from './extent-header-codec.ts';
import { type ExtentTable, emptyExtentTable } from './extent-table.ts';
import { openWindow, WINDOW_BYTES, windowCount } from './extent-window.ts';
import type { VmaDevice, VmaHeader } from './vma-header.ts';

/** Where pieces get their memory, which may hold anything. */
export interface PieceMemory {
  take(length: number): Uint8Array<ArrayBuffer>;
}

const NEW_MEMORY: PieceMemory = { take: (length) => new Uint8Array(length) };

/**
 * An archive whose masks leave out each 4 KiB block of zeros, so that thin storage stays thin: devices by id, clusters
 * ascending, at most 48 in an extent. The archive header comes as a piece of its own before any device is read. Pieces
 * are owned by the receiver.
 * @param readDevice the bytes of a device, exactly as many as the header says, in pieces of any size; a run of zeros
 * that is told as such is not looked at
 * @throws FormatError, with the offset in the device, when a device is shorter or longer
 */
export async function* encodeVma(
  header: VmaHeader,
  readDevice: (deviceId: number) => AsyncIterable<DevicePiece>,
  memory = NEW_MEMORY,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  yield encodeVmaHeader(header);
  if (header.devices.length === 0) yield encodeVmaExtentHeader(emptyExtentTable(), header.uuid);
  const run = new JoinedBytes();
  for (const device of header.devices.toSorted((one, other) => one.id - other.id)) {
    yield* encodeDevice(device, readDevice(device.id), { uuid: header.uuid, run, memory });
  }
  yield* run.end();
}

interface ArchiveProgress {
  readonly uuid: Uint8Array;
  /** Headers that were not sent yet. */
  readonly run: JoinedBytes;
  readonly memory: PieceMemory;
}

async function* encodeDevice(
  device: VmaDevice,
  source: AsyncIterable<DevicePiece>,
  archive: ArchiveProgress,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const reader = new DeviceReader(source);
  try {
    yield* encodeWindows(device, reader, archive);
  } catch (error) {
    throw await reader.closeAfter(error);
  } finally {
    await reader.close();
  }
}

async function* encodeWindows(
  device: VmaDevice,
  reader: DeviceReader,
  { uuid, run, memory }: ArchiveProgress,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const scratch = new Uint8Array(Math.min(WINDOW_BYTES, device.size));
  const table = emptyExtentTable();
  for (let window = 0; window < windowCount(device.size); window++) {
    const length = Math.min(WINDOW_BYTES, device.size - window * WINDOW_BYTES);
    const bytes = await reader.window(scratch.subarray(0, length), device.name);
    openWindow(table, device, window);
    const blocks = bytes === undefined ? 0 : markData(table, bytes);
    yield* run.add(encodeVmaExtentHeader(table, uuid));
    if (bytes !== undefined && blocks > 0) yield withBlocks(run.end()[0], { table, bytes, blocks, memory });
  }
  if (!(await reader.atEnd())) {
    throw new FormatError(`device ${device.name} is longer than ${device.size} bytes`, reader.offset);
  }
}

/** @returns how many blocks hold data */
function markData(table: ExtentTable, bytes: Uint8Array): number {
  let blocks = 0;
  for (let index = 0; index < table.count; index++) {
    const start = index * CLUSTER_BYTES;
    const mask = dataMask(bytes, start, Math.min(start + CLUSTER_BYTES, bytes.length));
    table.masks[index] = mask;
    blocks += markedBlocks(mask);
  }
  return blocks;
}

/** The headers so far and, after them, the blocks that the masks mark. */
function withBlocks(
  headers: Uint8Array = new Uint8Array(0),
  {
    table,
    bytes,
    blocks,
    memory,
  }: {
    readonly table: ExtentTable;
    readonly bytes: Uint8Array;
    readonly blocks: number;
    readonly memory: PieceMemory;
  },
): Uint8Array<ArrayBuffer> {
  const packed = memory.take(headers.length + blocks * BLOCK_BYTES);
  packed.set(headers);
  let at = headers.length;
  for (let index = 0; index < table.count; index++) {
    const start = index * CLUSTER_BYTES;
    for (const { from, to } of markedRuns(table.masks[index] ?? 0)) {
      const run = bytes.subarray(start + from * BLOCK_BYTES, start + to * BLOCK_BYTES);
      packed.set(run, at);
      at += (to - from) * BLOCK_BYTES;
    }
  }
  return packed;
}
