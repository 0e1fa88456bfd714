import { createHash, hash } from 'node:crypto';
import { FormatError } from '../formats/format-error.ts';
import { cutTar } from '../formats/tar/cut-tar.ts';
import { type BlobId, blobId, sameBytes } from '../repository/object-id.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { RootfsView } from '../snapshot/rootfs/rootfs-view.ts';
import { readContent } from '../snapshot/snapshot-files.ts';
import { differingFolders } from './differing-folders.ts';
import { HashingSaver } from './hashing-saver.ts';

export interface TarReading {
  readonly source: BlobSource;
  /** 64 hex digits; undefined when none is known. */
  readonly sha256: string | undefined;
  /** The tree of the files that stand beside the archive; undefined when there is none. */
  readonly rootfs: BlobId | undefined;
  readonly onRead: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** What is wrong, with the archive or with a folder of the files beside it. */
export type TarFault =
  | { readonly kind: 'archive'; readonly what: string }
  /** `/etc/apt`; of the root empty. */
  | { readonly kind: 'files'; readonly path: string; readonly what: string };

/**
 * Reads a tar from end to end: it must be one, whole, and have the digest that it had when it was backed up. The files that
 * it holds are made anew, down to their trees, and must be those that stand beside it.
 * @throws NotedDamage when a blob is damaged
 */
export async function checkTar(archive: StoredNode, reading: TarReading): Promise<readonly TarFault[]> {
  const digest = createHash('sha256');
  const bytes = async function* () {
    for await (const piece of readContent(reading.source, archive)) {
      reading.signal.throwIfAborted();
      digest.update(piece.bytes);
      reading.onRead(piece.bytes.length);
      yield piece.bytes;
    }
  };
  const saver = new HashingSaver();
  const view = reading.rootfs === undefined ? undefined : new RootfsView(saver);
  try {
    await makeFiles(bytes(), view);
  } catch (error) {
    if (error instanceof FormatError)
      return [{ kind: 'archive', what: `${error.message} (at byte ${error.offset})` }];
    throw error;
  }
  if (reading.sha256 !== undefined && digest.digest('hex') !== reading.sha256)
    return [{ kind: 'archive', what: 'its SHA-256 is not that of the stream that was backed up' }];
  return view === undefined ? [] : compareFiles(view, saver, reading);
}

async function makeFiles(source: AsyncIterable<Uint8Array>, view: RootfsView | undefined): Promise<void> {
  const { blobs } = cutTar(
    source,
    view === undefined
      ? {}
      : {
          onMember: (member, offset) => view.takeMember(member, offset),
          onSmallContent: (_, bytes, offset) => view.takeSmallContent(bytes, offset),
        },
  );
  for await (const blob of blobs) {
    if (view === undefined || blob.kind !== 'content') continue;
    const { length } = blob.bytes;
    const id = blobId(new Uint8Array(hash('sha256', blob.bytes, 'buffer')));
    await view.takeBlob(blob.offset, length, Promise.resolve({ id, length, storedBytes: 0 }));
  }
}

async function compareFiles(
  view: RootfsView,
  saver: HashingSaver,
  { source, rootfs }: TarReading,
): Promise<readonly TarFault[]> {
  const { root } = await view.end();
  if (rootfs === undefined || (root?.subtree !== undefined && sameBytes(root.subtree, rootfs))) return [];
  const folders = await differingFolders(source, rootfs, saver.trees);
  const what = 'what is in this folder is not what the archive holds';
  const paths = folders.length === 0 ? [''] : folders;
  return paths.map((path) => ({ kind: 'files', path, what }));
}
