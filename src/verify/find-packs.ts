import { indexedPacks } from '../repository/inspect-indexes.ts';
import type { Inspection } from '../repository/inspection.ts';
import { type FileId, parseFileId, toHex } from '../repository/object-id.ts';
import type { PackEntry } from '../repository/pack-header.ts';
import type { FaultBook } from './fault-book.ts';
import type { WalkedTrees } from './walk-trees.ts';

/** The packs that are to be looked at. */
export interface FoundPacks {
  /** Those that lie there, with their sizes in bytes. */
  readonly sizes: ReadonlyMap<FileId, number>;
  /** How many an index names. */
  readonly indexed: number;
  /** Those that no readable index names. */
  readonly unindexed: readonly FileId[];
}

/** Which blobs count: those of the chosen snapshots, or all. */
export type Wanted = (entry: PackEntry) => boolean;

/** @param walked undefined for all */
export function wantedBlobs(walked: WalkedTrees | undefined): Wanted {
  if (walked === undefined) return () => true;
  return ({ type, id }) => (type === 'tree' ? walked.trees : walked.data)?.has(id) === true;
}

/**
 * Looks whether each pack that an index names lies there and is as long as it must be. Of one that is not, the wanted
 * blobs that are lost are noted.
 * @param needed the packs that count; undefined for all
 */
export async function findPacks(
  { repository, indexes, signal }: Inspection,
  book: FaultBook,
  { needed, wanted }: { readonly needed: ReadonlySet<FileId> | undefined; readonly wanted: Wanted },
): Promise<FoundPacks> {
  const listed = new Map<FileId, number>();
  for (const { name, size } of await repository.backend.list('data')) {
    const id = parseFileId(name);
    if (id !== undefined) listed.set(id, size);
  }
  const known = [...indexes.packs].filter(([pack]) => needed === undefined || needed.has(pack));
  const wrong = new Map<FileId, number>();
  for (const [pack, size] of known) {
    const actual = listed.get(pack);
    if (actual === size) continue;
    wrong.set(pack, actual ?? 0);
    book.notePack(pack, sizeProblem(actual, size));
  }
  if (wrong.size > 0)
    for await (const { id, entries } of indexedPacks({ ...repository, files: indexes.files, signal })) {
      const size = wrong.get(id);
      if (size !== undefined) noteLost(book, id, { size, entries: entries.filter(wanted) });
    }
  const unindexed = [...listed.keys()].filter((pack) => !indexes.packs.has(pack));
  const sizes = new Map([...listed].filter(([pack]) => needed === undefined || needed.has(pack)));
  return { sizes, indexed: known.length, unindexed };
}

function sizeProblem(actual: number | undefined, size: number): string {
  return actual === undefined ? 'the file is missing' : `it has ${actual} bytes and should have ${size}`;
}

function noteLost(
  book: FaultBook,
  pack: FileId,
  { size, entries }: { readonly size: number; readonly entries: readonly PackEntry[] },
): void {
  for (const { type, id, offset, length } of entries)
    if (offset + length > size)
      book.notePackBlob(pack, { type, id: toHex(id), offset, what: 'it is not in the file' });
}
