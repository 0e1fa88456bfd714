import { hash } from 'node:crypto';
import { FormatError } from '../format-error.ts';
import { markedBlocks } from './block-mask.ts';
import { type ExtentTable, emptyExtentTable, MAX_EXTENT_ENTRIES } from './extent-table.ts';

/**
 * The extent header, 512 bytes, big-endian:
 *
 *    0  4   magic 56 4D 41 45
 *    4  2   reserved, 0
 *    6  2   how many 4-KiB blocks follow
 *    8  16  uuid of the archive
 *   24  16  MD5 over the 512 bytes with these 16 zero; the data is covered by nothing
 *   40  472 59 entries: mask (2), reserved (1, ignored), device id (1, 0 for an empty entry), cluster (4)
 *
 * Source: vma.h, vma-reader.c and vma-writer.c of pve-qemu 10.0.2.
 */
export const EXTENT_HEADER_BYTES = 512;
const MAGIC = 0x564d4145;
const BLOCK_COUNT_AT = 6;
const UUID_AT = 8;
const DIGEST_AT = 24;
const ENTRIES_AT = 40;
const ENTRY_BYTES = 8;
const MAX_BLOCKS = MAX_EXTENT_ENTRIES * 16;

/** Nothing here waits, so all calls can share it. */
const scratch = Buffer.alloc(EXTENT_HEADER_BYTES);
const scratchView = new DataView(scratch.buffer, scratch.byteOffset, EXTENT_HEADER_BYTES);

export interface DecodeExtentOptions {
  readonly uuid: Uint8Array;
  /** Where in the stream the header begins, for errors. */
  readonly offset?: number;
  /** Filled and returned, instead of a new one. */
  readonly table?: ExtentTable;
}

/**
 * Checks in the order of the stock reader: checksum, uuid, magic; then the number of blocks against the masks. Devices
 * and clusters are for the caller to judge.
 * @throws FormatError
 */
export function decodeVmaExtentHeader(bytes: Uint8Array, options: DecodeExtentOptions): ExtentTable {
  const { uuid, offset = 0, table = emptyExtentTable() } = options;
  scratch.set(bytes);
  scratch.fill(0, DIGEST_AT, ENTRIES_AT);
  if (hash('md5', scratch, 'buffer').compare(bytes, DIGEST_AT, ENTRIES_AT) !== 0) {
    throw new FormatError('extent header checksum is wrong', offset);
  }
  if (scratch.compare(uuid, 0, 16, UUID_AT, DIGEST_AT) !== 0) {
    throw new FormatError('extent belongs to another archive', offset + UUID_AT);
  }
  if (scratchView.getUint32(0) !== MAGIC || scratchView.getUint16(4) !== 0) {
    throw new FormatError('this is no extent header', offset);
  }
  table.blockCount = scratchView.getUint16(BLOCK_COUNT_AT);
  const marked = readEntries(table);
  if (table.blockCount > MAX_BLOCKS || table.blockCount !== marked) {
    throw new FormatError(
      `extent announces ${table.blockCount} blocks, its entries ${marked}`,
      offset + BLOCK_COUNT_AT,
    );
  }
  return table;
}

/** @returns how many blocks the entries mark */
function readEntries(table: ExtentTable): number {
  let marked = 0;
  let count = 0;
  for (let slot = 0; slot < MAX_EXTENT_ENTRIES; slot++) {
    const at = ENTRIES_AT + ENTRY_BYTES * slot;
    const device = scratchView.getUint8(at + 3);
    if (device === 0) continue;
    const mask = scratchView.getUint16(at);
    table.devices[count] = device;
    table.clusters[count] = scratchView.getUint32(at + 4);
    table.masks[count] = mask;
    table.slots[count] = slot;
    marked += markedBlocks(mask);
    count++;
  }
  table.count = count;
  return marked;
}

/** Where in the stream the place of an entry is, for errors. */
export function extentEntryOffset(extentOffset: number, slot: number): number {
  return extentOffset + ENTRIES_AT + ENTRY_BYTES * slot;
}

/** What an extent is made from; the number of blocks comes from the masks. */
export type ExtentEntries = Pick<ExtentTable, 'count' | 'devices' | 'clusters' | 'masks'>;

/** The 512 bytes, entries from the front. */
export function encodeVmaExtentHeader(entries: ExtentEntries, uuid: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(EXTENT_HEADER_BYTES);
  scratch.fill(0);
  scratchView.setUint32(0, MAGIC);
  scratch.set(uuid, UUID_AT);
  scratchView.setUint16(BLOCK_COUNT_AT, writeEntries(entries));
  bytes.set(scratch);
  bytes.set(hash('md5', scratch, 'buffer'), DIGEST_AT);
  return bytes;
}

/** @returns how many blocks the entries mark */
function writeEntries({ count, devices, clusters, masks }: ExtentEntries): number {
  let marked = 0;
  for (let index = 0; index < count; index++) {
    const at = ENTRIES_AT + ENTRY_BYTES * index;
    const mask = masks[index] ?? 0;
    scratchView.setUint16(at, mask);
    scratchView.setUint8(at + 3, devices[index] ?? 0);
    scratchView.setUint32(at + 4, clusters[index] ?? 0);
    marked += markedBlocks(mask);
  }
  return marked;
}
