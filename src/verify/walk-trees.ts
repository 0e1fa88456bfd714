import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { BlobSet } from '../repository/blob-set.ts';
import { type BlobId, blobId, sameBytes } from '../repository/object-id.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import type { FaultBook } from './fault-book.ts';
import { NotedDamage } from './proving-source.ts';

const READ_AT_ONCE = 4;
const IDS_BETWEEN_YIELDS = 65536;

export interface TreeWalk {
  readonly source: BlobSource;
  /** Plaintext length of a data blob; undefined when no index names it. */
  readonly lengthOf: (id: BlobId) => number | undefined;
  readonly book: FaultBook;
  /** Whether the data blobs are to be collected: 32 bytes and more each. */
  readonly collectData: boolean;
  readonly onTrees: (count: number) => void;
  readonly signal: AbortSignal;
}

/** What snapshots are made of. */
export interface WalkedTrees {
  readonly trees: BlobSet;
  readonly data: BlobSet | undefined;
}

/**
 * Reads each tree below the roots once. A tree that cannot be read, and a blob that no index names, are noted, and the
 * rest is walked all the same.
 */
export async function walkTrees(roots: readonly BlobId[], walk: TreeWalk): Promise<WalkedTrees> {
  const trees = new BlobSet();
  const data = walk.collectData ? new BlobSet() : undefined;
  const pending: BlobId[] = [];
  const enter = (id: BlobId) => {
    if (trees.add(id)) pending.push(id);
  };
  for (const root of roots) enter(root);
  while (pending.length > 0) {
    walk.signal.throwIfAborted();
    const batch = pending.splice(-READ_AT_ONCE);
    for (const nodes of await Promise.all(batch.map((id) => readIfWhole(walk.source, id))))
      for (const node of nodes) {
        if (node.subtree !== undefined) enter(node.subtree);
        await checkContent(node, data, walk);
      }
    walk.onTrees(trees.size - pending.length);
  }
  return { trees, data };
}

async function readIfWhole(source: BlobSource, id: BlobId): Promise<readonly StoredNode[]> {
  try {
    return await source.readTree(id);
  } catch (error) {
    if (error instanceof NotedDamage) return [];
    throw error;
  }
}

/** An id that follows itself, as those of zeros do, is looked at once. */
async function checkContent(node: StoredNode, data: BlobSet | undefined, walk: TreeWalk): Promise<void> {
  let last = blobId(new Uint8Array(32));
  let count = 0;
  for (const id of node.content) {
    if (++count % IDS_BETWEEN_YIELDS === 0) {
      await yieldToOthers();
      walk.signal.throwIfAborted();
    }
    if (sameBytes(last, id)) continue;
    last = blobId(id.slice());
    data?.add(last);
    if (walk.lengthOf(last) === undefined) walk.book.noteBlob('data', last, 'no index names it');
  }
}
