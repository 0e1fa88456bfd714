/** What a disk holds, as data: any part of it can be had without the rest, so that large disks need no file. */
import type { ContentPool } from './content-pool.ts';
import { seededBytes, seededNumbers } from './seeded.ts';

export type Content =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'random'; readonly seed: string }
  /** From that place of the pool on. */
  | { readonly kind: 'files'; readonly from: number };

export interface Segment {
  /** Bytes, multiples of 4 KiB. */
  readonly offset: number;
  readonly length: number;
  readonly content: Content;
}

export interface DiskPlan {
  /** In bytes, a multiple of 64 KiB. */
  readonly size: number;
  /** Side by side, in order, from 0 to the end. */
  readonly base: readonly Segment[];
  /** Written later; each wins over those before it. */
  readonly written: readonly Segment[];
}

export interface Shares {
  readonly zeros: number;
  readonly random: number;
}

/** Of what a disk usually holds; the rest is files. */
export const USUAL: Shares = { zeros: 0.4, random: 0.2 };

const BLOCK = 4096;
const CLUSTER = 65536;
const LONGEST = 4 << 20;
const MIB = 1 << 20;

/** Runs of 64 KiB to 4 MiB of each kind in turn, whichever its share is furthest from. The same seed gives the same disk. */
export function planDisk(size: number, seed: string, shares: Shares = USUAL): DiskPlan {
  const random = seededNumbers(`${seed} layout`);
  const whole = Math.ceil(size / CLUSTER) * CLUSTER;
  const wanted = { zeros: shares.zeros, random: shares.random, files: 1 - shares.zeros - shares.random };
  const placed = { zeros: 0, random: 0, files: 0 };
  const base: Segment[] = [];
  for (let offset = 0; offset < whole; ) {
    const length = Math.min(blocks(random(), CLUSTER, LONGEST), whole - offset);
    const kind = furthest(wanted, placed, offset + length);
    base.push({ offset, length, content: contentOf(kind, placed[kind], seed) });
    placed[kind] += length;
    offset += length;
  }
  return { size: whole, base, written: [] };
}

/** Bytes of a disk that were written when it was made. */
export function dataBytes({ base }: DiskPlan): number {
  return base.reduce((sum, { content, length }) => sum + (content.kind === 'zeros' ? 0 : length), 0);
}

/** Bytes that the pool must have so that it is not used twice. */
export function poolBytes({ base, written }: DiskPlan): number {
  return Math.max(
    0,
    ...[...base, ...written].map(({ content, length }) =>
      content.kind === 'files' ? content.from + length : 0,
    ),
  );
}

/** A share of the data is rewritten: half of it in runs of 1 to 16 MiB, half in pieces of 64 KiB. */
export function rewrite(disk: DiskPlan, share: number, seed: string): DiskPlan {
  const random = seededNumbers(`${seed} rewrite`);
  const half = (dataBytes(disk) * share) / 2;
  const runs = segmentsOf(disk, {
    bytes: half,
    random,
    seed: `${seed} runs`,
    length: () => blocks(random(), MIB, 16 * MIB),
  });
  const pieces = segmentsOf(disk, { bytes: half, random, seed: `${seed} pieces`, length: () => CLUSTER });
  return { ...disk, written: [...disk.written, ...runs, ...pieces] };
}

/** So many bytes of the data are rewritten, in blocks of 4 KiB anywhere. */
export function scatter(disk: DiskPlan, bytes: number, seed: string): DiskPlan {
  const random = seededNumbers(`${seed} scatter`);
  const blocksWritten = segmentsOf(disk, { bytes, random, seed: `${seed} scatter`, length: () => BLOCK });
  return { ...disk, written: [...disk.written, ...blocksWritten] };
}

/** A function that fills a buffer with the disk's bytes from an offset on; the buffer lies within a cluster. */
export function diskReader(disk: DiskPlan, pool: ContentPool): (offset: number, into: Uint8Array) => void {
  const later = byCluster(disk.written);
  let at = 0;
  return (offset, into) => {
    at = placeOf(disk.base, offset, at);
    for (let index = at; index < disk.base.length; index++) {
      const segment = disk.base[index];
      if (segment === undefined || segment.offset >= offset + into.length) break;
      copy(segment, offset, { into, pool });
    }
    for (const segment of later.get(Math.floor(offset / CLUSTER)) ?? [])
      copy(segment, offset, { into, pool });
  };
}

type Kind = Content['kind'];

function furthest(wanted: Record<Kind, number>, placed: Record<Kind, number>, total: number): Kind {
  const lacking = (kind: Kind) => wanted[kind] * total - placed[kind];
  const kinds: readonly Kind[] = ['zeros', 'random', 'files'];
  return kinds.reduce((best, kind) => (lacking(kind) > lacking(best) ? kind : best));
}

function contentOf(kind: Kind, from: number, seed: string): Content {
  if (kind === 'zeros') return { kind };
  return kind === 'random' ? { kind, seed: `${seed} noise ${from}` } : { kind, from };
}

function blocks(random: number, least: number, most: number): number {
  return Math.round((least + random * (most - least)) / BLOCK) * BLOCK;
}

interface Writes {
  readonly bytes: number;
  readonly random: () => number;
  readonly seed: string;
  readonly length: () => number;
}

/** Every third write is noise, as on the disk itself; the others are files that it did not hold. */
function segmentsOf(disk: DiskPlan, { bytes, random, seed, length }: Writes): readonly Segment[] {
  const data = disk.base.filter(({ content }) => content.kind !== 'zeros');
  const segments: Segment[] = [];
  let from = poolBytes(disk);
  for (let left = Math.round(bytes / BLOCK) * BLOCK; left > 0 && data.length > 0; ) {
    const target = data[Math.floor(random() * data.length)];
    if (target === undefined) break;
    const offset = target.offset + Math.floor((random() * target.length) / BLOCK) * BLOCK;
    const size = Math.min(length(), left, disk.size - offset);
    const content = contentOf(segments.length % 3 === 0 ? 'random' : 'files', from, seed);
    segments.push({ offset, length: size, content });
    from += size;
    left -= size;
  }
  return segments;
}

function byCluster(written: readonly Segment[]): ReadonlyMap<number, readonly Segment[]> {
  const found = new Map<number, Segment[]>();
  for (const segment of written) {
    const last = Math.floor((segment.offset + segment.length - 1) / CLUSTER);
    for (let cluster = Math.floor(segment.offset / CLUSTER); cluster <= last; cluster++) {
      const list = found.get(cluster);
      if (list === undefined) found.set(cluster, [segment]);
      else list.push(segment);
    }
  }
  return found;
}

/** The segment that holds the offset; reading goes mostly forward, so the search begins where the last one ended. */
function placeOf(base: readonly Segment[], offset: number, near: number): number {
  let at = near;
  while (at > 0 && (base[at]?.offset ?? 0) > offset) at--;
  while (at + 1 < base.length && (base[at + 1]?.offset ?? 0) <= offset) at++;
  return at;
}

/** Copies what a segment has of the bytes from `offset` on. */
function copy(
  segment: Segment,
  offset: number,
  { into, pool }: { readonly into: Uint8Array; readonly pool: ContentPool },
): void {
  const start = Math.max(offset, segment.offset);
  const end = Math.min(offset + into.length, segment.offset + segment.length);
  if (start >= end) return;
  const target = into.subarray(start - offset, end - offset);
  const { content } = segment;
  if (content.kind === 'zeros') target.fill(0);
  else if (content.kind === 'random') seededBytes(content.seed, start - segment.offset, target);
  else pool.read(content.from + start - segment.offset, target);
}
