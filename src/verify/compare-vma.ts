import { hash } from 'node:crypto';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { FormatError } from '../formats/format-error.ts';
import { type CanonicalPart, canonicalArchive } from '../formats/vma/canonical-archive.ts';
import { readVma } from '../formats/vma/read-vma.ts';
import type { VmaHeader } from '../formats/vma/vma-header.ts';
import type { BlobList } from '../repository/blob-list.ts';
import { type BlobId, blobId, sameBytes } from '../repository/object-id.ts';
import type { BlobSource } from '../repository/store.ts';
import { DiskChunks } from './disk-chunks.ts';

/** A disk as it is stored in chunks. */
export interface StoredDisk {
  readonly content: BlobList;
  readonly size: number;
  /** Bytes of each chunk but the last. */
  readonly chunkSize: number;
}

/** The two views of a VM: its archive, and its disks by name of device. */
export interface VmViews {
  readonly archive: BlobList;
  readonly disks: ReadonlyMap<string, StoredDisk>;
  /** qemu-server.conf as it stands beside them; undefined when it does not. */
  readonly config: Uint8Array | undefined;
}

export interface VmaComparison {
  readonly source: BlobSource;
  readonly lengthOf: (id: BlobId) => number | undefined;
  readonly signal: AbortSignal;
}

const PARTS_BETWEEN_YIELDS = 256;
const CONFIG = 'qemu-server.conf';

/**
 * Makes the list of blobs that the archive must have, from its header and the lists of the disks, and compares it with the
 * one that it has. Nothing but the header is read.
 * @returns what is wrong
 * @throws NotedDamage when the header cannot be read
 */
export async function compareVma(views: VmViews, comparison: VmaComparison): Promise<string | undefined> {
  const header = await readHeader(views.archive, comparison.source);
  if (typeof header === 'string') return header;
  const config = header.configs.find(({ name }) => name === CONFIG)?.content;
  if (!sameBytes(config ?? new Uint8Array(), views.config ?? new Uint8Array()))
    return `its ${CONFIG} is not the one that stands beside it`;
  const names = header.devices.map(({ name }) => name);
  const surplus = [...views.disks.keys()].find((name) => !names.includes(name));
  if (surplus !== undefined) return `it does not have the disk ${surplus}`;
  const disks = new Map<number, DiskChunks>();
  for (const { id, name, size } of header.devices) {
    const disk = views.disks.get(name);
    if (disk?.size !== size) return `its ${name} of ${size} bytes is not the disk that stands beside it`;
    const chunks = DiskChunks.of(disk, comparison.lengthOf);
    if (typeof chunks === 'string') return `${name}: ${chunks}`;
    disks.set(id, chunks);
  }
  return compareLists(header, disks, { archive: views.archive, signal: comparison.signal });
}

async function readHeader(archive: BlobList, source: BlobSource): Promise<VmaHeader | string> {
  try {
    for await (const event of readVma(inOrder(archive, source)))
      if (event.kind === 'header') return event.header;
  } catch (error) {
    if (error instanceof FormatError) return `${error.message} (at byte ${error.offset})`;
    throw error;
  }
  return 'it has no header';
}

/** One blob after the other, none before it is asked for. */
async function* inOrder(content: BlobList, source: BlobSource): AsyncGenerator<Uint8Array> {
  for (const id of content) yield await source.read('data', id);
}

async function compareLists(
  header: VmaHeader,
  disks: ReadonlyMap<number, DiskChunks>,
  { archive, signal }: { readonly archive: BlobList; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const devices = header.devices.map((device) => ({
    ...device,
    chunkSize: disks.get(device.id)?.chunkSize ?? 0,
  }));
  const isZero = (device: number, chunk: number) => disks.get(device)?.isZero(chunk) === true;
  let place = 0;
  let parts = 0;
  for (const part of canonicalArchive({ header: { ...header, devices }, isZero })) {
    for (const id of blobsOf(part, disks)) {
      const found = archive.at(place);
      if (found === undefined || !sameBytes(found, id)) return differs(part, place, header);
      place += 1;
    }
    if (++parts % PARTS_BETWEEN_YIELDS !== 0) continue;
    await yieldToOthers();
    signal.throwIfAborted();
  }
  return archive.length === place ? undefined : `it goes on behind what the disks make (blob ${place})`;
}

function blobsOf(part: CanonicalPart, disks: ReadonlyMap<number, DiskChunks>): Iterable<BlobId> {
  switch (part.kind) {
    case 'headers':
      return [idOf(part.bytes)];
    case 'padding':
      return [idOf(new Uint8Array(part.length))];
    case 'chunk':
      return disks.get(part.deviceId)?.blobsOf(part.chunk) ?? [];
  }
}

function idOf(bytes: Uint8Array): BlobId {
  return blobId(new Uint8Array(hash('sha256', bytes, 'buffer')));
}

function differs(part: CanonicalPart, place: number, { devices }: VmaHeader): string {
  if (part.kind !== 'chunk') return `its blob ${place} is not the ${part.kind} that the disks make`;
  const name = devices.find(({ id }) => id === part.deviceId)?.name ?? part.deviceId;
  return `its blob ${place} is not that of chunk ${part.chunk} of ${name}`;
}
