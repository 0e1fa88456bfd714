import type { Backend } from '../repository/backend.ts';
import { ByteBudget } from '../repository/byte-budget.ts';
import type { PackCheck } from '../repository/check-pack.ts';
import { faultOf, packFile } from '../repository/file-fault.ts';
import { indexedPacks } from '../repository/inspect-indexes.ts';
import type { Inspection } from '../repository/inspection.ts';
import { type FileId, toHex } from '../repository/object-id.ts';
import type { PackEntry } from '../repository/pack-header.ts';
import type { FaultBook } from './fault-book.ts';
import type { Wanted } from './find-packs.ts';
import { salvagePack } from './salvage-pack.ts';

/** Packs are read whole where at least half of a pack is wanted, so this is what lies in memory, and no more. */
const BYTES_UNDER_WAY = 48 << 20;

export interface PackReading {
  readonly book: FaultBook;
  /** The packs to read, with their sizes. */
  readonly sizes: ReadonlyMap<FileId, number>;
  /** Those of them that no index names: checked by their own headers. */
  readonly unindexed: readonly FileId[];
  readonly wanted: Wanted;
  readonly onPack: (read: { readonly bytes: number; readonly blobs: number }) => void;
}

interface PackToRead {
  readonly id: FileId;
  readonly size: number;
  readonly indexed: readonly PackEntry[] | undefined;
  readonly wanted: readonly PackEntry[] | undefined;
}

/** Reads packs in the order of the indexes, several side by side, and checks each in a thread. */
export async function readPacks(inspection: Inspection, reading: PackReading): Promise<void> {
  const { signal } = inspection;
  const budget = new ByteBudget(BYTES_UNDER_WAY);
  const running = new Set<Promise<void>>();
  let failure: { readonly cause: unknown } | undefined;
  for await (const pack of packsToRead(inspection, reading)) {
    const bytes = pack.size - startOf(pack);
    await budget.take(bytes);
    signal.throwIfAborted();
    if (failure !== undefined) break;
    const work = readPack(inspection, pack, reading)
      .catch((cause: unknown) => {
        failure ??= { cause };
      })
      .finally(() => {
        budget.give(bytes);
        running.delete(work);
      });
    running.add(work);
  }
  await Promise.all(running);
  signal.throwIfAborted();
  if (failure !== undefined) throw failure.cause;
}

async function* packsToRead(
  { repository, indexes, signal }: Inspection,
  { sizes, unindexed, wanted }: PackReading,
): AsyncGenerator<PackToRead> {
  for await (const { id, entries } of indexedPacks({ ...repository, files: indexes.files, signal })) {
    const size = sizes.get(id);
    const chosen = size === undefined ? [] : entries.filter(wanted);
    if (size !== undefined && chosen.length > 0) yield { id, size, indexed: entries, wanted: chosen };
  }
  for (const id of unindexed) {
    const size = sizes.get(id);
    if (size !== undefined) yield { id, size, indexed: undefined, wanted: undefined };
  }
}

/** A pack of which little is wanted is read from its first wanted blob on: its header is at its end. */
function startOf({ size, wanted }: PackToRead): number {
  const first = wanted?.reduce((least, { offset }) => Math.min(least, offset), size) ?? 0;
  return first * 2 > size ? Math.min(first, size) : 0;
}

async function readPack(inspection: Inspection, pack: PackToRead, reading: PackReading): Promise<void> {
  const { repository, checkers } = inspection;
  const { book, onPack } = reading;
  const from = startOf(pack);
  const bytes = await load(repository.backend, pack, { from, book });
  if (bytes === undefined) return readPieces(inspection, pack, reading);
  const { length } = bytes;
  const check: PackCheck = { name: pack.id, bytes, from, indexed: pack.indexed, wanted: pack.wanted };
  const findings = await checkers.check(check);
  for (const what of findings.whats) book.notePack(pack.id, what);
  for (const blob of findings.blobs) book.notePackBlob(pack.id, blob);
  onPack({ bytes: length, blobs: findings.checked });
}

/** In memory of its own, to be handed over; undefined, and noted, when it cannot be read as a whole. */
async function load(
  backend: Backend,
  { id, size }: PackToRead,
  { from, book }: { readonly from: number; readonly book: FaultBook },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const file = { type: 'data', name: id } as const;
    return new Uint8Array(await backend.load(file, { offset: from, length: size - from }));
  } catch (error) {
    book.notePack(id, faultOf(packFile(id), error).what);
    return undefined;
  }
}

/** Of a pack that is noted already: which of its blobs are lost, and whether the others are whole. */
async function readPieces(
  { repository, checkers }: Inspection,
  pack: PackToRead,
  { book, onPack }: PackReading,
): Promise<void> {
  const { id: name, indexed, wanted } = pack;
  const from = startOf(pack);
  const salvaged = await salvagePack(repository.backend, { ...pack, from });
  if (salvaged === undefined) return;
  const { bytes, lost } = salvaged;
  for (const [{ type, id, offset }, what] of lost)
    book.notePackBlob(name, { type, id: toHex(id), offset, what });
  const left = (wanted ?? []).filter((entry) => !lost.has(entry));
  if (left.length === 0) return;
  const length = left.reduce((sum, entry) => sum + entry.length, 0);
  const findings = await checkers.check({ name, bytes, from, indexed, wanted: left });
  for (const blob of findings.blobs) book.notePackBlob(name, blob);
  onPack({ bytes: length, blobs: findings.checked });
}
