import { BlobSet } from '../blob-set.ts';
import { damaged } from '../damaged-error.ts';
import { type BlobId, toHex } from '../object-id.ts';
import type { Snapshot } from '../snapshot-file.ts';
import type { BlobSource } from '../store.ts';

/** What snapshots refer to, all the way down. */
export interface UsedBlobs {
  readonly trees: BlobSet;
  readonly data: BlobSet;
}

/**
 * Walks the trees of all snapshots, each distinct one once.
 * @param parts.onSnapshot is called after each
 * @throws UserError `repository-damaged`, naming the snapshot whose tree cannot be read: nothing may be removed then
 */
export async function findUsed(
  snapshots: readonly Snapshot[],
  parts: {
    readonly reader: BlobSource;
    readonly signal: AbortSignal;
    readonly onSnapshot?: () => void;
  },
): Promise<UsedBlobs> {
  const used: UsedBlobs = { trees: new BlobSet(), data: new BlobSet() };
  for (const { id, tree } of snapshots) {
    await walk(tree, used, parts).catch((cause: unknown) => {
      parts.signal.throwIfAborted();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw damaged(`snapshots/${id}`, `its files cannot be listed (${reason})`, cause);
    });
    parts.onSnapshot?.();
  }
  return used;
}

async function walk(
  root: BlobId,
  { trees, data }: UsedBlobs,
  { reader, signal }: { readonly reader: BlobSource; readonly signal: AbortSignal },
): Promise<void> {
  const waiting: BlobId[] = [root];
  for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
    signal.throwIfAborted();
    if (!trees.add(tree)) continue;
    for (const node of await reader.readTree(tree)) {
      for (const id of node.content) data.add(id);
      if (node.type === 'dir' && node.subtree === undefined)
        throw damaged(`tree blob ${toHex(tree)}`, 'a folder has no tree');
      if (node.subtree !== undefined) waiting.push(node.subtree);
    }
  }
}
