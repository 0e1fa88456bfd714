import { StreamReader } from '../stream-reader.ts';
import { ArchiveCoverage } from './archive-coverage.ts';
import { BLOCK_BYTES, markedBlocks } from './block-mask.ts';
import { decodeVmaHeader, vmaHeaderLength } from './decode-vma-header.ts';
import { decodeVmaExtentHeader, EXTENT_HEADER_BYTES } from './extent-header-codec.ts';
import { type ExtentTable, emptyExtentTable, MAX_EXTENT_ENTRIES } from './extent-table.ts';
import type { VmaHeader } from './vma-header.ts';
import { HEADER } from './vma-header-layout.ts';

/**
 * The clusters of one extent. The arrays and the data are lent: they are valid until the next pull.
 */
export interface VmaExtent extends ExtentTable {
  /** Where in the stream the extent's header begins. */
  readonly offset: number;
  /** Where in `data` the stored blocks of an entry begin; they follow each other, one for each bit of its mask. */
  readonly dataOffsets: Uint32Array;
  readonly data: Uint8Array;
}

export type VmaEvent =
  | { readonly kind: 'header'; readonly header: VmaHeader }
  | { readonly kind: 'extent'; readonly extent: VmaExtent };

export interface ReadVmaOptions {
  /** Looked at between extents; a source that hangs has to be ended by its owner. */
  readonly signal?: AbortSignal;
}

/**
 * The header, then each extent in stream order, empty ones included. When it ends without an error, each cluster of
 * each device was delivered exactly once and nothing trailed; until then the archive may still turn out to be cut short.
 * @throws FormatError for each rule of the format that is broken
 */
export async function* readVma(
  source: AsyncIterable<Uint8Array>,
  options: ReadVmaOptions = {},
): AsyncGenerator<VmaEvent, void, void> {
  const reader = new StreamReader(source);
  try {
    yield* readEvents(reader, options.signal);
  } catch (error) {
    throw await reader.closeAfter(error);
  } finally {
    await reader.close();
  }
}

async function* readEvents(
  reader: StreamReader,
  signal: AbortSignal | undefined,
): AsyncGenerator<VmaEvent, void, void> {
  const header = await readHeader(reader);
  yield { kind: 'header', header };
  const coverage = new ArchiveCoverage(header.devices);
  const readExtent = extentReader(reader, header.uuid, coverage);
  while (!(await reader.atEnd())) {
    signal?.throwIfAborted();
    yield { kind: 'extent', extent: await readExtent() };
  }
  signal?.throwIfAborted();
  coverage.assertComplete(reader.offset);
}

async function readHeader(reader: StreamReader): Promise<VmaHeader> {
  const length = vmaHeaderLength(await reader.peek(HEADER.fixedBytes));
  return decodeVmaHeader(await reader.read(length, { what: 'the archive header' }));
}

function extentReader(
  reader: StreamReader,
  uuid: Uint8Array,
  coverage: ArchiveCoverage,
): () => Promise<VmaExtent> {
  const table = emptyExtentTable();
  const dataOffsets = new Uint32Array(MAX_EXTENT_ENTRIES);
  let scratch = new Uint8Array(0);
  return async () => {
    const { offset } = reader;
    const bytes = await reader.read(EXTENT_HEADER_BYTES, { what: 'an extent header' });
    decodeVmaExtentHeader(bytes, { uuid, offset, table });
    coverage.add(table, offset);
    fillDataOffsets(table, dataOffsets);
    const length = table.blockCount * BLOCK_BYTES;
    if (scratch.length < length) scratch = new Uint8Array(length);
    const data = await reader.read(length, { what: 'the data of an extent', scratch });
    return { ...table, offset, dataOffsets, data };
  };
}

function fillDataOffsets(table: ExtentTable, dataOffsets: Uint32Array): void {
  let at = 0;
  for (let index = 0; index < table.count; index++) {
    dataOffsets[index] = at;
    at += markedBlocks(table.masks[index] ?? 0) * BLOCK_BYTES;
  }
}
