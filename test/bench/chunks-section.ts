/** Chunk sizes: what a second backup adds with each, before compression on two recorded backups of QEMU, and with all that it costs. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BLOCK_BYTES, CLUSTER_BYTES } from '../../src/formats/vma/block-mask.ts';
import { chunkSizeFor } from '../../src/formats/vma/chunk-size.ts';
import { readVma } from '../../src/formats/vma/read-vma.ts';
import { runProgram } from '../lab/run-program.ts';
import { type BenchContext, runChild, workFolder, writeGenerations } from './bench-context.ts';
import { planDisk, rewrite } from './disk-plan.ts';
import type { IntakeFigures } from './intake-alone.ts';
import { atMost, mib, type Section, type Table } from './report.ts';

const KIB = 1024;
const CHUNK_SIZES = [64, 128, 256, 512, 1024, 3072].map((kib) => kib * KIB);
/** The largest disk that this bar speaks of. */
const JUDGED_DISK = 64 * 2 ** 30;
const BAR = 4;
/** An id in a content list: 64 digits, quotes and a comma. */
const LIST_ENTRY_BYTES = 67;

export async function chunksSection(context: BenchContext): Promise<Section> {
  const [before, after] = [await disksOf('live.vma.gz'), await disksOf('live2.vma.gz')];
  const differing = bytesThatDiffer(before, after, BLOCK_BYTES);
  const judged = chunkSizeFor(JUDGED_DISK);
  return {
    name: 'chunks',
    tables: [recordedTable(before, after, differing), await costTable(context)],
    verdicts: [
      atMost(
        `recorded pair, chunks of ${judged / KIB} KiB, growth before compression`,
        newBytes(before, after, judged) / differing,
        {
          bar: BAR,
          unit: 'x the differing blocks',
        },
      ),
    ],
  };
}

type Disks = ReadonlyMap<string, Uint8Array>;

function recordedTable(before: Disks, after: Disks, differing: number): Table {
  return {
    title: `Two backups of a VM that ran, recorded: ${mib(differing).toFixed(2)} MiB in blocks of 4 KiB differ`,
    columns: ['chunk KiB', 'growth MiB', 'of the differing blocks'],
    rows: CHUNK_SIZES.map((size) => {
      const grown = newBytes(before, after, size);
      return [String(size / KIB), mib(grown), `${(grown / differing).toFixed(2)}x`];
    }),
  };
}

/** Bytes of the pieces of this size, each disk cut from its begin, that differ from what was in their place. */
export function bytesThatDiffer(before: Disks, after: Disks, size: number): number {
  return sum(after, size, (piece, name, at) => {
    const old = before.get(name)?.subarray(at, at + piece.length) ?? new Uint8Array();
    return Buffer.compare(piece, old) !== 0;
  });
}

/** Bytes of the pieces that are new: in no place before, no zeros, and counted once. */
export function newBytes(before: Disks, after: Disks, size: number): number {
  const known = new Set([digest(new Uint8Array(size))]);
  sum(before, size, (piece) => known.add(digest(piece)).size > 0);
  return sum(after, size, (piece) => {
    const id = digest(piece);
    return !known.has(id) && known.add(id).size > 0;
  });
}

function sum(
  disks: Disks,
  size: number,
  counts: (piece: Uint8Array, name: string, at: number) => boolean,
): number {
  let bytes = 0;
  for (const [name, disk] of disks) {
    for (let at = 0; at < disk.length; at += size) {
      const piece = disk.subarray(at, at + size);
      if (counts(piece, name, at)) bytes += piece.length;
    }
  }
  return bytes;
}

function digest(piece: Uint8Array): string {
  return hash('sha256', piece);
}

/** The disks of an archive of the fixtures. */
async function disksOf(name: string): Promise<Disks> {
  const file = join(import.meta.dirname, '../fixtures/vma', name);
  const disks = new Map<string, Uint8Array>();
  const byId = new Map<number, Uint8Array>();
  for await (const event of readVma(once(gunzipSync(readFileSync(file))))) {
    if (event.kind === 'header') {
      for (const device of event.header.devices) {
        const disk = new Uint8Array(Math.ceil(device.size / CLUSTER_BYTES) * CLUSTER_BYTES);
        byId.set(device.id, disk);
        disks.set(device.name, disk.subarray(0, device.size));
      }
      continue;
    }
    const { count, devices, clusters, masks, dataOffsets, data } = event.extent;
    for (let i = 0; i < count; i++) {
      const target = byId.get(devices[i] ?? 0);
      let from = dataOffsets[i] ?? 0;
      for (let block = 0; block < CLUSTER_BYTES / BLOCK_BYTES; block++) {
        if (((masks[i] ?? 0) & (1 << block)) === 0) continue;
        target?.set(
          data.subarray(from, from + BLOCK_BYTES),
          (clusters[i] ?? 0) * CLUSTER_BYTES + block * BLOCK_BYTES,
        );
        from += BLOCK_BYTES;
      }
    }
  }
  return disks;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The whole cost, on the bench's own disk. */
async function costTable(context: BenchContext): Promise<Table> {
  using folder = workFolder(context, 'chunks');
  const { size, seed } = context.options;
  const first = planDisk(size, seed);
  const disks = [first, rewrite(first, 0.01, seed)];
  const { files, pool } = await writeGenerations(context, disks, { folder: folder.path, vmid: 101 });
  using _closed = pool;
  const rows: Table['rows'][number][] = [];
  for (const chunk of CHUNK_SIZES) {
    context.say(`chunks of ${chunk / KIB} KiB`);
    rows.push(await costOf(chunk, files, folder.path));
  }
  return {
    title: `Chunk sizes on a disk of ${mib(size)} MiB, 1 % rewritten: the intake alone`,
    columns: [
      'chunk KiB',
      'first s',
      'second s',
      'processor s',
      'new MiB',
      'stored MiB',
      'index KiB',
      'list KiB',
    ],
    rows,
    notes: [
      'new and stored: by the second backup. index: of both, as stored. list: of one disk, before compression.',
    ],
  };
}

async function costOf(
  chunk: number,
  files: readonly string[],
  folder: string,
): Promise<Table['rows'][number]> {
  const repository = join(folder, `chunks-${chunk}`);
  const take = (file: string) =>
    runChild<IntakeFigures>('intake-alone.ts', { args: [repository, String(chunk)], input: file });
  const first = await take(files[0] ?? '');
  const second = await take(files[1] ?? '');
  const index = Number(
    runProgram('du', ['--bytes', '--summarize', join(repository, 'index')]).split('\t')[0],
  );
  runProgram('rm', ['--recursive', repository]);
  return [
    String(chunk / KIB),
    first.figures.seconds,
    second.figures.seconds,
    first.run.cpu + second.run.cpu,
    mib(second.figures.newBytes),
    mib(second.figures.storedBytes),
    index / KIB,
    (second.figures.chunks * LIST_ENTRY_BYTES) / KIB,
  ];
}
