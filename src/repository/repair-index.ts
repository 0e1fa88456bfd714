import { UserError } from '../user-error.ts';
import type { StoredFile } from './backend.ts';
import { decrypt } from './encryption.ts';
import { type FileFault, faultOf, packFile } from './file-fault.ts';
import { encodeIndexFile, type IndexedPack } from './index-file.ts';
import { indexedPacks, inspectIndexes } from './inspect-indexes.ts';
import { withLock } from './lock.ts';
import { thisProcess } from './lock-owner.ts';
import { type FileId, parseFileId } from './object-id.ts';
import { decodePackHeader, type PackEntry } from './pack-header.ts';
import type { Repository } from './repository.ts';
import { saveUnpacked } from './unpacked-file.ts';

export interface RepairOptions {
  readonly onPack?: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

export interface RepairReport {
  readonly packs: number;
  readonly blobs: number;
  readonly oldIndexes: number;
  readonly newIndexes: number;
  /** Packs that an index named and that are not there: their blobs are stored again when they come again. */
  readonly lostPacks: readonly FileId[];
  /** Packs whose header cannot be read; `kept` is how many blobs an index still knows in them. */
  readonly damagedPacks: readonly (FileFault & { readonly kept: number })[];
}

const READ_AT_ONCE = 8;
/** Enough for the header of most packs. */
const TAIL_BYTES = 32 << 10;
/** Keeps an index file below 8 MiB, as `index-writer.ts` does. */
const MOST_BLOBS = 40_000;

/**
 * Makes the indexes anew from the headers of the packs that are there, under an exclusive lock. Where a header is damaged,
 * what a readable index says of the pack is kept. The old index files go when the new ones are durable: broken off before
 * that, nothing has changed but that some of them stand beside the old ones.
 * @throws UserError `repository-locked`, `repository-write`; `repository-damaged` when indexes name packs and none is there
 */
export function repairIndex(repository: Repository, options: RepairOptions): Promise<RepairReport> {
  const { backend, key, config } = repository;
  const context = { backend, key, compress: config.version >= 2, owner: thisProcess() };
  return withLock(context, 'exclusive', (lockSignal) =>
    rebuild(repository, { ...options, signal: AbortSignal.any([options.signal, lockSignal]) }),
  );
}

async function rebuild(repository: Repository, options: RepairOptions): Promise<RepairReport> {
  const { backend, key } = repository;
  const { signal } = options;
  const old = await backend.names('index');
  const known = await inspectIndexes(backend, key, signal);
  const files = await backend.list('data');
  if (files.length === 0 && known.packs.size > 0)
    throw new UserError('repository-damaged', `${backend.where} holds none of its packs`, {
      hint: 'is all of it mounted? nothing was changed',
    });
  const { packs, faults } = await readHeaders(repository, files, options);
  const damagedPacks = await keepKnown({ repository, files, faults, packs, indexes: known.files, signal });
  const newIndexes = await saveIndexes(repository, packs, signal);
  for (const name of old) await backend.remove({ type: 'index', name });
  const there = new Set(files.map(({ name }) => name));
  return {
    packs: packs.length,
    blobs: packs.reduce((sum, { entries }) => sum + entries.length, 0),
    oldIndexes: old.length,
    newIndexes,
    lostPacks: [...known.packs.keys()].filter((id) => !there.has(id)),
    damagedPacks,
  };
}

/** By pack. */
type Faults = ReadonlyMap<FileId, FileFault>;

async function readHeaders(
  repository: Repository,
  files: readonly StoredFile[],
  { onPack, signal }: RepairOptions,
): Promise<{ readonly packs: IndexedPack[]; readonly faults: Faults }> {
  const packs: IndexedPack[] = [];
  const faults = new Map<FileId, FileFault>();
  for (let at = 0; at < files.length; at += READ_AT_ONCE) {
    signal.throwIfAborted();
    const batch = files.slice(at, at + READ_AT_ONCE).map(async ({ name, size }) => {
      const id = parseFileId(name);
      if (id === undefined) return;
      const read = await readHeader(repository, id, size);
      if ('what' in read) faults.set(id, read);
      else packs.push({ id, entries: read });
    });
    await Promise.all(batch);
    onPack?.(Math.min(at + READ_AT_ONCE, files.length), files.length);
  }
  return { packs, faults };
}

async function readHeader(
  { backend, key }: Repository,
  id: FileId,
  size: number,
): Promise<readonly PackEntry[] | FileFault> {
  const fault = (what: string) => ({ file: packFile(id), what });
  const tail = (length: number) =>
    backend.load({ type: 'data', name: id }, { offset: size - length, length });
  if (size < 4) return fault('it has no header');
  try {
    let bytes = await tail(Math.min(size, TAIL_BYTES));
    const length = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4).getUint32(0, true) + 4;
    if (length > size) return fault('the length of its header is wrong');
    if (length > bytes.length) bytes = await tail(length);
    const plaintext = decrypt(key, bytes.subarray(bytes.length - length, -4));
    return plaintext === undefined ? fault('the MAC of its header is wrong') : decodePackHeader(plaintext);
  } catch (error) {
    return error instanceof RangeError
      ? fault(`its header is wrong: ${error.message}`)
      : faultOf(packFile(id), error);
  }
}

/** Adds what indexes know of packs whose header is damaged, as far as these reach. */
async function keepKnown({
  repository,
  files,
  faults,
  packs,
  indexes,
  signal,
}: {
  readonly repository: Repository;
  readonly files: readonly StoredFile[];
  readonly faults: Faults;
  readonly packs: IndexedPack[];
  readonly indexes: readonly string[];
  readonly signal: AbortSignal;
}): Promise<RepairReport['damagedPacks']> {
  if (faults.size === 0) return [];
  const sizes = new Map(files.map(({ name, size }) => [name, size]));
  const kept = new Map<FileId, number>();
  for await (const { id, entries } of indexedPacks({ ...repository, files: indexes, signal })) {
    if (!faults.has(id)) continue;
    const reached = entries.filter(({ offset, length }) => offset + length <= (sizes.get(id) ?? 0));
    kept.set(id, reached.length);
    if (reached.length > 0) packs.push({ id, entries: reached });
  }
  return [...faults].map(([id, fault]) => ({ ...fault, kept: kept.get(id) ?? 0 }));
}

/** @returns how many there are */
async function saveIndexes(
  { backend, key, config }: Repository,
  packs: readonly IndexedPack[],
  signal: AbortSignal,
): Promise<number> {
  const compress = config.version >= 2;
  let count = 0;
  for (const part of inParts(packs)) {
    signal.throwIfAborted();
    await saveUnpacked(backend, key, { type: 'index', plaintext: encodeIndexFile(part), compress });
    count += 1;
  }
  signal.throwIfAborted();
  return count;
}

function* inParts(packs: readonly IndexedPack[]): Generator<readonly IndexedPack[]> {
  let part: IndexedPack[] = [];
  let blobs = 0;
  for (const pack of packs) {
    part.push(pack);
    blobs += pack.entries.length;
    if (blobs < MOST_BLOBS) continue;
    yield part;
    part = [];
    blobs = 0;
  }
  if (part.length > 0) yield part;
}
