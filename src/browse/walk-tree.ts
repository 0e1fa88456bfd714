import type { BlobId } from '../repository/object-id.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { joinPath } from './locate.ts';
import type { SizedBlobs } from './sized-blobs.ts';

/** A node somewhere below a folder. */
export interface Walked {
  /** Raw bytes; begins with what the walk was given. */
  readonly path: Uint8Array;
  readonly node: StoredNode;
}

/** Folders read ahead of the one whose turn it is. */
const FOLDERS_AHEAD = 8;
/** A tree above this is not read ahead: the list of a disk can be hundreds of megabytes. */
const LARGE_TREE_BYTES = 1 << 20;

interface Pending {
  readonly walked: Walked | undefined;
  readonly path: Uint8Array;
  readonly tree: BlobId | undefined;
  nodes: Promise<readonly StoredNode[]> | undefined;
}

/**
 * All nodes below a folder, each folder before what it holds, in the order of the trees. In memory are the folders on the way to
 * the one whose turn it is, and some read ahead.
 * @throws UserError `repository-damaged`
 */
export async function* walkTree(reader: SizedBlobs, tree: BlobId, path: Uint8Array): AsyncGenerator<Walked> {
  const stack: Pending[] = [{ walked: undefined, path, tree, nodes: undefined }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next.walked !== undefined) yield next.walked;
    if (next.tree === undefined) continue;
    const nodes = await (next.nodes ?? reader.readTree(next.tree));
    for (const node of nodes.toReversed()) stack.push(pendingOf(node, next.path));
    readAhead(reader, stack);
  }
}

function pendingOf(node: StoredNode, folder: Uint8Array): Pending {
  const path = joinPath(folder, node.name);
  return { walked: { path, node }, path, tree: node.subtree, nodes: undefined };
}

function readAhead(reader: SizedBlobs, stack: readonly Pending[]): void {
  let ahead = 0;
  for (let at = stack.length - 1; at >= 0 && at > stack.length - 256 && ahead < FOLDERS_AHEAD; at--) {
    const pending = stack[at];
    if (pending?.tree === undefined) continue;
    ahead += 1;
    if (pending.nodes !== undefined) continue;
    if ((reader.lengthOf('tree', pending.tree) ?? 0) > LARGE_TREE_BYTES) continue;
    pending.nodes = reader.readTree(pending.tree);
    pending.nodes.catch(() => undefined);
  }
}
