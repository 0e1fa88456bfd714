import type { BlobTable } from './blob-table.ts';
import { STATE_HOLE_AND_ZERO } from './protocol-numbers.ts';

/** How the next bytes of the disk are: 0 for data, 3 for a hole that reads as zeros. */
export interface StatusDescriptor {
  readonly length: number;
  readonly state: number;
}

/** A client that gets fewer asks on; 16 Ki of them are 128 KiB. */
const MOST_DESCRIPTORS = 16 << 10;

/** Data and holes of a range within the disk, from its start, told from the list of blobs alone. */
export function blockStatus(
  table: BlobTable,
  {
    offset,
    length,
    onlyOne,
  }: { readonly offset: number; readonly length: number; readonly onlyOne: boolean },
): readonly StatusDescriptor[] {
  const end = offset + length;
  const descriptors: StatusDescriptor[] = [];
  const most = onlyOne ? 1 : MOST_DESCRIPTORS;
  for (let at = offset; at < end && descriptors.length < most; ) {
    const extent = table.extentAt(at, end);
    descriptors.push({ length: extent.end - at, state: extent.isZeros ? STATE_HOLE_AND_ZERO : 0 });
    at = extent.end;
  }
  return descriptors;
}
