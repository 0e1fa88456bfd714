import { FormatError } from '../format-error.ts';
import { StreamReader } from '../stream-reader.ts';
import { isZeroRange } from '../zero-range.ts';
import { describeMember, type MemberDescription } from './describe-member.ts';
import { SparseMap } from './sparse-map.ts';
import { TarExtensions } from './tar-extensions.ts';
import { decodeTarHeader, TAR_BLOCK_BYTES, type TarHeader } from './tar-header.ts';
import type { TarLayout, TarMember, TarRegion } from './tar-member.ts';

/** The bytes of all events in order are the stream. They are lent: valid until the next pull, and not to be changed. */
export type TarEvent =
  /** Headers, extended headers, sparse maps, padding, the end blocks and the zeros after them. */
  | { readonly kind: 'structure'; readonly bytes: Uint8Array }
  /** Comes after a member's headers and sparse map, before its content. */
  | { readonly kind: 'member'; readonly member: TarMember }
  /** Content of that member, ascending; `offset` is that in the file. An event never spans two regions. */
  | {
      readonly kind: 'content';
      readonly bytes: Uint8Array;
      readonly offset: number;
      /** The stored stretch that the bytes belong to; of a file that is not sparse, all of it. */
      readonly region: TarRegion;
    };

type TarEvents = AsyncGenerator<TarEvent, void, void>;

const REST_BYTES = 65536;

/**
 * Takes a tar archive apart: ustar, pax, and GNU's long names, numbers and sparse files (1.0). When it ends without an
 * error, no member was short, both end blocks were there, and nothing but zeros came after them.
 * @throws FormatError
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): TarEvents {
  const reader = new StreamReader(source);
  try {
    yield* readEvents(reader);
  } catch (error) {
    throw await reader.closeAfter(error);
  } finally {
    await reader.close();
  }
}

async function* readEvents(reader: StreamReader): TarEvents {
  if (await reader.atEnd()) throw new FormatError('the stream is empty', 0);
  const extensions = new TarExtensions();
  for (;;) {
    const { offset } = reader;
    const block = await readBlock(reader);
    if (isZeroRange(block)) {
      if (extensions.pending) throw new FormatError('an extended header has no member', offset);
      yield structure(block);
      yield* readEnd(reader);
      return;
    }
    const header = decodeTarHeader(block, offset);
    yield structure(block);
    if (extensions.accepts(header, offset)) yield structure(await readExtension(reader, header, extensions));
    else yield* readMember(reader, describeMember(header, extensions.take(), offset));
  }
}

function structure(bytes: Uint8Array): TarEvent {
  return { kind: 'structure', bytes };
}

async function readBlock(reader: StreamReader): Promise<Uint8Array> {
  if (await reader.atEnd()) throw new FormatError('the end blocks are missing', reader.offset);
  return reader.read(TAR_BLOCK_BYTES, { what: 'a tar header' });
}

async function readExtension(
  reader: StreamReader,
  header: TarHeader,
  extensions: TarExtensions,
): Promise<Uint8Array> {
  const at = reader.offset;
  const bytes = await reader.read(header.size + paddingOf(header.size), { what: 'an extended header' });
  extensions.add(header, bytes.subarray(0, header.size), at);
  return bytes;
}

function paddingOf(length: number): number {
  return (TAR_BLOCK_BYTES - (length % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
}

async function* readMember(reader: StreamReader, { sparse, ...described }: MemberDescription): TarEvents {
  const start = reader.offset;
  const map = new SparseMap();
  if (sparse === 'mapped') yield* readMap(reader, map, described);
  const stored = described.size - (reader.offset - start);
  const layout: TarLayout =
    sparse === 'mapped'
      ? map.layout(described.realSize, stored)
      : sparse === 'no'
        ? { kind: 'plain' }
        : { kind: 'unknown', reason: sparse.unknown };
  const member = { ...described, layout };
  yield { kind: 'member', member };
  const regions = layout.kind === 'sparse' ? layout.regions : [{ offset: 0, length: stored }];
  for (const region of regions) yield* readRegion(reader, member, region);
  const padding = paddingOf(member.size);
  if (padding > 0) yield structure(await reader.read(padding, { what: 'padding' }));
}

async function* readMap(
  reader: StreamReader,
  map: SparseMap,
  { size, rawName }: Pick<TarMember, 'size' | 'rawName'>,
): TarEvents {
  for (let left = size; ; left -= TAR_BLOCK_BYTES) {
    const { offset } = reader;
    if (left < TAR_BLOCK_BYTES) {
      throw new FormatError(`the sparse map of ${shown(rawName)} is cut short`, offset);
    }
    const block = await reader.read(TAR_BLOCK_BYTES, { what: 'a sparse map' });
    const isComplete = map.addBlock(block, offset);
    yield structure(block);
    if (isComplete) return;
  }
}

async function* readRegion(reader: StreamReader, member: TarMember, region: TarRegion): TarEvents {
  const end = region.offset + region.length;
  for (let offset = region.offset; offset < end; ) {
    const bytes = await reader.readSome(end - offset);
    if (bytes.length === 0) {
      throw new FormatError(`the stream ends inside the data of ${shown(member.rawName)}`, reader.offset);
    }
    yield { kind: 'content', bytes, offset, region };
    offset += bytes.length;
  }
}

function shown(rawName: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(rawName));
}

async function* readEnd(reader: StreamReader): TarEvents {
  const { offset } = reader;
  if (await reader.atEnd()) throw new FormatError('the second end block is missing', offset);
  const block = await reader.read(TAR_BLOCK_BYTES, { what: 'the second end block' });
  if (!isZeroRange(block)) throw new FormatError('the second end block is missing', offset);
  yield structure(block);
  while (!(await reader.atEnd())) {
    const at = reader.offset;
    const bytes = await reader.readSome(REST_BYTES);
    if (!isZeroRange(bytes)) {
      throw new FormatError('something follows the end blocks', at + bytes.findIndex((byte) => byte !== 0));
    }
    yield structure(bytes);
  }
}
