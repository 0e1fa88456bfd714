import type { Backend } from './backend.ts';
import { BlobIndex } from './blob-index.ts';
import { MAC_BYTES, type MasterKey, NONCE_BYTES } from './encryption.ts';
import { type FileFault, faultOf } from './file-fault.ts';
import { type IndexedPack, type IndexFile, parseIndexFile } from './index-file.ts';
import type { FileId } from './object-id.ts';
import { encodePackHeader, type PackEntry } from './pack-header.ts';
import { loadUnpacked } from './unpacked-file.ts';

/** The indexes of a repository, as far as they can be read. */
export interface IndexInspection {
  readonly index: BlobIndex;
  /** Each pack that an index names, with the size that it must have, in bytes. */
  readonly packs: ReadonlyMap<FileId, number>;
  /** The index files that could be read and are not superseded. */
  readonly files: readonly string[];
  readonly faults: readonly FileFault[];
}

/** Like `loadIndex`, but an index file that is damaged is told of, and the others are read all the same. */
export async function inspectIndexes(
  backend: Backend,
  key: MasterKey,
  signal: AbortSignal,
): Promise<IndexInspection> {
  const names = (await backend.list('index')).map(({ name }) => name);
  const superseded = new Set<string>();
  const faults: FileFault[] = [];
  const whole: string[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    try {
      for (const id of (await loadIndexFile(backend, key, name)).supersedes) superseded.add(id);
      whole.push(name);
    } catch (error) {
      faults.push(faultOf(`index/${name}`, error));
    }
  }
  const files = whole.filter((name) => !superseded.has(name));
  const index = new BlobIndex();
  const packs = new Map<FileId, number>();
  for await (const pack of indexedPacks({ backend, key, files, signal })) {
    index.add(pack);
    packs.set(pack.id, packSize(pack.entries));
  }
  return { index, packs, files, faults };
}

/** Each pack that index files name, once, with its blobs. Holds one index file in memory. */
export async function* indexedPacks({
  backend,
  key,
  files,
  signal,
}: {
  readonly backend: Backend;
  readonly key: MasterKey;
  readonly files: readonly string[];
  readonly signal: AbortSignal;
}): AsyncGenerator<IndexedPack> {
  const seen = new Set<FileId>();
  for (const name of files) {
    signal.throwIfAborted();
    for (const pack of (await loadIndexFile(backend, key, name)).packs) {
      if (seen.has(pack.id)) continue;
      seen.add(pack.id);
      yield pack;
    }
  }
}

async function loadIndexFile(backend: Backend, key: MasterKey, name: string): Promise<IndexFile> {
  return parseIndexFile(await loadUnpacked(backend, key, { type: 'index', name }), name);
}

/** The blobs, their header, encrypted, and its length (`pack-header.ts`). */
function packSize(entries: readonly PackEntry[]): number {
  const blobs = entries.reduce((end, { offset, length }) => Math.max(end, offset + length), 0);
  return blobs + encodePackHeader(entries).length + NONCE_BYTES + MAC_BYTES + 4;
}
