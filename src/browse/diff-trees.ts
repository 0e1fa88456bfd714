import type { BlobId } from '../repository/object-id.ts';
import { sameBytes } from '../repository/object-id.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { joinPath } from './locate.ts';
import { type NodeFacts, nodeFacts } from './node-facts.ts';
import type { SizedBlobs } from './sized-blobs.ts';
import { walkTree } from './walk-tree.ts';

/** What became of a file, link, folder or device. */
export type FileChange =
  | { readonly kind: 'added'; readonly path: Uint8Array; readonly after: StoredNode }
  | { readonly kind: 'removed'; readonly path: Uint8Array; readonly before: StoredNode }
  | ChangedFile;

/** `type`: it is something else now; `content`: of a file, or where a link leads; `metadata`: nothing but that. */
export interface ChangedFile {
  readonly kind: 'type' | 'content' | 'metadata';
  readonly path: Uint8Array;
  readonly before: StoredNode;
  readonly after: StoredNode;
  readonly metadata: readonly MetadataField[];
}

/** Times of folders are not compared: they change with what is in them. Nor are times of access, and inodes. */
export type MetadataField = 'mode' | 'owner' | 'mtime' | 'xattrs';

/** A folder and where it is read. */
export interface TreeSide {
  readonly reader: SizedBlobs;
  readonly tree: BlobId | undefined;
}

interface Pair {
  readonly path: Uint8Array;
  readonly before: BlobId | undefined;
  readonly after: BlobId | undefined;
}

/**
 * What differs between two folders, and below them, in the order of the paths. Folders of the same id hold the same and are not
 * read: what has not changed costs nothing.
 * @param path raw bytes, put before all paths. @throws UserError `repository-damaged`
 */
export async function* diffTrees(
  before: TreeSide,
  after: TreeSide,
  path: Uint8Array,
): AsyncGenerator<FileChange> {
  const stack: (FileChange | Pair)[] = [{ path, before: before.tree, after: after.tree }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if ('kind' in next) {
      yield next;
      yield* below(next, { before, after });
      continue;
    }
    const found = await comparePair(next, { before: before.reader, after: after.reader });
    for (const one of found.toReversed()) stack.push(one);
  }
}

/** All that a folder holds came, or went, with it. */
async function* below(
  change: FileChange,
  sides: { readonly before: TreeSide; readonly after: TreeSide },
): AsyncGenerator<FileChange> {
  const { path } = change;
  const gone = change.kind === 'removed' || change.kind === 'type' ? change.before.subtree : undefined;
  const come = change.kind === 'added' || change.kind === 'type' ? change.after.subtree : undefined;
  if (gone !== undefined)
    for await (const walked of walkTree(sides.before.reader, gone, path))
      yield { kind: 'removed', path: walked.path, before: walked.node };
  if (come !== undefined)
    for await (const walked of walkTree(sides.after.reader, come, path))
      yield { kind: 'added', path: walked.path, after: walked.node };
}

async function comparePair(
  { path, before, after }: Pair,
  readers: { readonly before: SizedBlobs; readonly after: SizedBlobs },
): Promise<readonly (FileChange | Pair)[]> {
  if (before !== undefined && after !== undefined && sameBytes(before, after)) return [];
  const [earlier, later] = await Promise.all([
    before === undefined ? [] : readers.before.readTree(before),
    after === undefined ? [] : readers.after.readTree(after),
  ]);
  return pairNodes(earlier, later).flatMap((pair) => compareNodes(pair, joinPath(path, pair.name)));
}

/** Nodes of two folders by name. One of both is there. */
export interface NodePair {
  readonly name: Uint8Array;
  readonly before: StoredNode | undefined;
  readonly after: StoredNode | undefined;
}

/** Puts nodes of the same name together, sorted by name. */
export function pairNodes(before: readonly StoredNode[], after: readonly StoredNode[]): readonly NodePair[] {
  const pairs = new Map<string, NodePair>();
  const key = (name: Uint8Array) => Buffer.from(name).toString('latin1');
  for (const node of before) pairs.set(key(node.name), { name: node.name, before: node, after: undefined });
  for (const node of after)
    pairs.set(key(node.name), {
      name: node.name,
      before: pairs.get(key(node.name))?.before,
      after: node,
    });
  return [...pairs.values()].sort((a, b) => Buffer.compare(a.name, b.name));
}

function compareNodes({ before, after }: NodePair, path: Uint8Array): readonly (FileChange | Pair)[] {
  if (before === undefined) return after === undefined ? [] : [{ kind: 'added', path, after }];
  if (after === undefined) return [{ kind: 'removed', path, before }];
  const change = compareFile(path, before, after);
  const deeper =
    before.type === 'dir' && after.type === 'dir'
      ? [{ path, before: before.subtree, after: after.subtree }]
      : [];
  return [...(change === undefined ? [] : [change]), ...deeper];
}

/** Undefined when nothing changed but perhaps what a folder holds. */
export function compareFile(
  path: Uint8Array,
  before: StoredNode,
  after: StoredNode,
): ChangedFile | undefined {
  const [was, is] = [nodeFacts(before), nodeFacts(after)];
  const metadata = changedMetadata(was, is);
  const changed = { path, before, after, metadata };
  if (before.type !== after.type) return { kind: 'type', ...changed };
  if (!sameContent(before, after) || !sameReference(was, is)) return { kind: 'content', ...changed };
  return metadata.length > 0 ? { kind: 'metadata', ...changed } : undefined;
}

function sameContent(before: StoredNode, after: StoredNode): boolean {
  if (before.size !== after.size || before.content.length !== after.content.length) return false;
  for (let at = 0; at < before.content.length; at++) {
    const [was, is] = [before.content.at(at), after.content.at(at)];
    if (was === undefined || is === undefined || !sameBytes(was, is)) return false;
  }
  return true;
}

/** Where a link leads, and which device a device is. */
function sameReference(was: NodeFacts, is: NodeFacts): boolean {
  return (
    Buffer.compare(was.linkTarget, is.linkTarget) === 0 &&
    was.device.major === is.device.major &&
    was.device.minor === is.device.minor
  );
}

function changedMetadata(was: NodeFacts, is: NodeFacts): readonly MetadataField[] {
  const fields: MetadataField[] = [];
  if (was.mode !== is.mode) fields.push('mode');
  if (was.uid !== is.uid || was.gid !== is.gid) fields.push('owner');
  if (was.mtime !== is.mtime && is.type !== 'dir') fields.push('mtime');
  if (!sameXattrs(was, is)) fields.push('xattrs');
  return fields;
}

function sameXattrs(was: NodeFacts, is: NodeFacts): boolean {
  const inOrder = ({ xattrs }: NodeFacts) =>
    JSON.stringify(xattrs.map(({ name, value }) => [name, Buffer.from(value).toString('latin1')]).toSorted());
  return inOrder(was) === inOrder(is);
}
