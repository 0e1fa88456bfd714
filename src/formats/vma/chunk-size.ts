import { MAX_DEVICE_BYTES } from './vma-header.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Each divides the 3 MiB of an extent of the canonical archive. */
const CHUNK_SIZES = [
  { upTo: 64 * GIB, chunkSize: 256 * KIB },
  { upTo: 1024 * GIB, chunkSize: MIB },
  { upTo: MAX_DEVICE_BYTES, chunkSize: 3 * MIB },
] as const;

/**
 * The length of the chunks in which a disk that is new to the repository is stored. It is recorded then and kept, so
 * that a resize does not store everything again. @throws RangeError above 8 TiB
 */
export function chunkSizeFor(diskBytes: number): number {
  const row = CHUNK_SIZES.find(({ upTo }) => diskBytes <= upTo);
  if (row === undefined) throw new RangeError(`a disk of ${diskBytes} bytes is larger than 8 TiB`);
  return row.chunkSize;
}
