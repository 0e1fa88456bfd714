import {
  BLOCK_BYTES,
  CLUSTER_BYTES,
  isWholeMask,
  markedRuns,
  ZERO_CLUSTER,
} from '../formats/vma/block-mask.ts';
import { canonicalArchive } from '../formats/vma/canonical-archive.ts';
import { chunkSizeFor } from '../formats/vma/chunk-size.ts';
import { readVma, type VmaExtent } from '../formats/vma/read-vma.ts';
import type { VmaHeader } from '../formats/vma/vma-header.ts';
import { sameBytes } from '../repository/object-id.ts';
import type { BlobSaver } from '../repository/store.ts';
import { FileBuilder, type FilePart, type TakenFile } from '../snapshot/file-builder.ts';
import type { StoredAmount } from '../snapshot/stored-amount.ts';
import { ChunkMemory } from './chunk-memory.ts';
import { type AssemblyShared, DiskAssembler } from './disk-assembler.ts';
import { SpillFile } from './spill-file.ts';

/** A dumped VM, its blobs saved: the disks and the canonical archive made of the same blobs. */
export interface TakenVm {
  readonly configs: VmaHeader['configs'];
  readonly disks: readonly TakenDisk[];
  readonly archive: TakenFile;
  readonly spilledPieces: number;
  readonly smallerBlobs: number;
}

export interface TakenDisk {
  readonly name: string;
  readonly deviceId: number;
  readonly file: TakenFile;
  readonly chunkBytes: number;
  /** Bytes in clusters that held no data. */
  readonly zeroBytes: number;
  readonly amount: StoredAmount;
}

export interface VmIntake {
  readonly writer: BlobSaver;
  /** Where a spill file may be made. */
  readonly temporaryFolder: string;
  /** The chunk size that the line's disk of this name has had so far; undefined for a new one. */
  readonly chunkBytesOf: (device: string) => number | undefined;
  /** For the canonical archive: from the line, so that an unchanged guest gives the same archive. */
  readonly archiveIdentity: (configs: VmaHeader['configs']) => {
    readonly uuid: Uint8Array;
    readonly ctime: number;
  };
  /** Bytes of all disks, told once the header is read. */
  readonly onTotal?: (bytes: number) => void;
  /** Bytes of disk that one more extent brought, zeros included, and how many bytes of all were new so far. */
  readonly onProgress?: (bytes: number, newBytes: number) => void;
  readonly memoryBytes?: number;
  readonly spillBytes?: number;
}

const MEMORY_BYTES = 96 << 20;
const SPILL_BYTES = 2 ** 32;

/**
 * Takes a VMA stream apart and saves it. Nothing is committed: the caller does that when the whole dump is proved.
 * @throws FormatError with the offset when the stream is not whole or not a VMA
 */
export async function takeInVm(source: AsyncIterable<Uint8Array>, intake: VmIntake): Promise<TakenVm> {
  await using spill = new SpillFile(intake.temporaryFolder, {
    pieceBytes: CLUSTER_BYTES,
    mostBytes: intake.spillBytes ?? SPILL_BYTES,
  });
  const shared: AssemblyShared = {
    writer: intake.writer,
    spill,
    bounds: { memoryBytes: intake.memoryBytes ?? MEMORY_BYTES },
    memory: new ChunkMemory(),
    partial: new Set(),
    partialBytes: 0,
    spilledPieces: 0,
    smallerBlobs: 0,
  };
  let taken:
    | { readonly header: VmaHeader; readonly assemblers: ReadonlyMap<number, DiskAssembler> }
    | undefined;
  for await (const event of readVma(source)) {
    if (event.kind === 'header') {
      taken = { header: event.header, assemblers: startAssemblers(event.header, shared, intake) };
      intake.onTotal?.(event.header.devices.reduce((sum, { size }) => sum + size, 0));
    } else if (taken !== undefined) {
      await takeExtent(event.extent, taken.assemblers);
      const newBytes = taken.assemblers.values().reduce((sum, { amount }) => sum + amount.newBytes, 0);
      intake.onProgress?.(event.extent.count * CLUSTER_BYTES, newBytes);
    }
  }
  if (taken === undefined) throw new Error('a VMA without a header was accepted');
  const { header, assemblers } = taken;
  for (const assembler of assemblers.values()) await assembler.end();
  const archive = await saveArchive(header, assemblers, intake);
  const disks: TakenDisk[] = [];
  for (const device of header.devices)
    disks.push(await takenDisk(device, assemblerOf(assemblers, device.id), intake.writer));
  return {
    configs: header.configs,
    disks,
    archive,
    spilledPieces: shared.spilledPieces,
    smallerBlobs: shared.smallerBlobs,
  };
}

function startAssemblers(
  header: VmaHeader,
  shared: AssemblyShared,
  intake: VmIntake,
): ReadonlyMap<number, DiskAssembler> {
  return new Map(
    header.devices.map(({ id, name, size }) => {
      const chunkBytes = intake.chunkBytesOf(name) ?? chunkSizeFor(size);
      return [id, new DiskAssembler(shared, { size, chunkBytes })];
    }),
  );
}

async function takeExtent(extent: VmaExtent, assemblers: ReadonlyMap<number, DiskAssembler>): Promise<void> {
  const data = Buffer.from(extent.data.buffer, extent.data.byteOffset, extent.data.length);
  for (let i = 0; i < extent.count; i++) {
    const assembler = assemblerOf(assemblers, extent.devices[i] ?? 0);
    const cluster = extent.clusters[i] ?? 0;
    const mask = extent.masks[i] ?? 0;
    if (mask === 0) {
      if (!assembler.takeZeros(cluster)) await assembler.take(cluster, undefined);
      continue;
    }
    const start = extent.dataOffsets[i] ?? 0;
    await assembler.take(cluster, (target) => copyBlocks(data, { start, mask, target }));
  }
}

/**
 * Copies the blocks that a mask names to their places in a cluster; the others are zeros. By `copy`, for the cluster is in shared
 * memory, to which all else writes at half the speed.
 */
function copyBlocks(
  data: Buffer,
  { start, mask, target }: { readonly start: number; readonly mask: number; readonly target: Uint8Array },
): void {
  if (!isWholeMask(mask)) ZERO_CLUSTER.copy(target);
  let at = start;
  for (const { from, to } of markedRuns(mask)) {
    const end = at + (to - from) * BLOCK_BYTES;
    data.copy(target, from * BLOCK_BYTES, at, end);
    at = end;
  }
}

async function saveArchive(
  header: VmaHeader,
  assemblers: ReadonlyMap<number, DiskAssembler>,
  intake: VmIntake,
): Promise<TakenFile> {
  const file = new FileBuilder(intake.writer);
  const zeros = await zeroParts(assemblers, intake.writer);
  const archive = {
    header: {
      ...intake.archiveIdentity(header.configs),
      configs: header.configs,
      devices: header.devices.map((device) => ({
        ...device,
        chunkSize: assemblerOf(assemblers, device.id).chunkBytes,
      })),
    },
    isZero: (deviceId: number, chunk: number) => isZero(assemblerOf(assemblers, deviceId), chunk, zeros),
  };
  for (const part of canonicalArchive(archive)) {
    if (part.kind === 'headers') await file.push(part.bytes);
    else if (part.kind === 'padding') await file.pushPart(await intake.writer.saveZeros(part.length));
    else
      for (const blob of assemblerOf(assemblers, part.deviceId).partsOf(part.chunk))
        await file.pushPart(blob);
  }
  return file.end();
}

/** A chunk is zero when nothing was set for it, or when what was set turned out to be zeros. */
function isZero(assembler: DiskAssembler, chunk: number, zeros: ReadonlyMap<number, FilePart>): boolean {
  const [part, ...more] = assembler.partsOf(chunk);
  const zero = zeros.get(assembler.chunkLength(chunk));
  return part === undefined || (more.length === 0 && zero !== undefined && sameBytes(part.id, zero.id));
}

/** The blobs of zeros that the disks need, by length: of a whole chunk, and of the last one. */
async function zeroParts(
  assemblers: ReadonlyMap<number, DiskAssembler>,
  writer: BlobSaver,
): Promise<ReadonlyMap<number, FilePart>> {
  const zeros = new Map<number, FilePart>();
  for (const assembler of assemblers.values()) {
    for (const chunk of [0, assembler.chunkCount - 1]) {
      const length = assembler.chunkLength(chunk);
      zeros.set(length, await writer.saveZeros(length));
    }
  }
  return zeros;
}

async function takenDisk(
  device: VmaHeader['devices'][number],
  assembler: DiskAssembler,
  writer: BlobSaver,
): Promise<TakenDisk> {
  const file = new FileBuilder(writer);
  for (let chunk = 0; chunk < assembler.chunkCount; chunk++) {
    const parts = assembler.partsOf(chunk);
    if (parts.length === 0) await file.pushPart(await writer.saveZeros(assembler.chunkLength(chunk)));
    for (const part of parts) await file.pushPart(part);
  }
  return {
    name: device.name,
    deviceId: device.id,
    chunkBytes: assembler.chunkBytes,
    zeroBytes: assembler.size - assembler.dataBytes,
    file: await file.end(),
    amount: assembler.amount,
  };
}

function assemblerOf(assemblers: ReadonlyMap<number, DiskAssembler>, deviceId: number): DiskAssembler {
  const assembler = assemblers.get(deviceId);
  if (assembler === undefined)
    throw new Error(`the VMA reader let device ${deviceId} through, which the header does not have`);
  return assembler;
}
