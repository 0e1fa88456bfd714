import { folderBackend } from '../../src/repository/folder-backend.ts';
import { indexedPacks, inspectIndexes } from '../../src/repository/inspect-indexes.ts';
import { toHex } from '../../src/repository/object-id.ts';
import { openRepository } from '../../src/repository/repository.ts';

export interface IndexedBlobs {
  /** `data 4f1c…` */
  readonly blobs: ReadonlySet<string>;
  /** By pack. */
  readonly packs: ReadonlyMap<string, readonly string[]>;
}

/** All blobs that the indexes of a repository name, of packs that are there. */
export async function indexedBlobs(folder: string, password: string): Promise<IndexedBlobs> {
  const { signal } = new AbortController();
  const { backend, key } = await openRepository(folderBackend(folder), password);
  const { files } = await inspectIndexes(backend, key, signal);
  const there = new Set(await backend.names('data'));
  const packs = new Map<string, readonly string[]>();
  for await (const { id, entries } of indexedPacks({ backend, key, files, signal }))
    if (there.has(id))
      packs.set(
        id,
        entries.map((entry) => `${entry.type} ${toHex(entry.id)}`),
      );
  return { blobs: new Set([...packs.values()].flat()), packs };
}
