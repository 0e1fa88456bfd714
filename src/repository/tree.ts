import { goQuote } from './go-quote.ts';
import { type BlobId, toHex } from './object-id.ts';

/**
 * A tree blob: the nodes of one directory (restic's design document, "Trees and Data"):
 *
 *     {"nodes":[{"name":...,"type":"file","mode":...,"mtime":...,"size":...,"content":[ids]}, ...]}\n
 *
 * Siblings are sorted by the raw bytes of their names and unique. `content` comes last, so that a node's
 * other fields are known before a list that can be hundreds of megabytes.
 */
export type TreeNode = FileNode | DirectoryNode;

export interface NodeFacts {
  /** Raw bytes. */
  readonly name: Uint8Array;
  /** Permission bits, 0o644. */
  readonly mode: number;
  /** RFC 3339 */
  readonly mtime: string;
}

export interface FileNode extends NodeFacts {
  readonly type: 'file';
  readonly size: number;
  /** Read once for each pass; it must give the same ids each time. */
  readonly content: Iterable<BlobId>;
}

export interface DirectoryNode extends NodeFacts {
  readonly type: 'dir';
  readonly subtree: BlobId;
}

/** Go's os.ModeDir */
const GO_MODE_DIRECTORY = 0x80000000;
const PIECE_BYTES = 256 * 1024;

/**
 * The nodes as a tree blob's plaintext, in pieces of about 256 KiB.
 * @throws RangeError when two names are equal, empty, or hold a slash or a zero byte
 */
export function* encodeTree(nodes: readonly TreeNode[]): Generator<Uint8Array> {
  const sorted = nodes.toSorted((a, b) => Buffer.compare(a.name, b.name));
  checkNames(sorted);
  let text = '{"nodes":[';
  for (const [index, node] of sorted.entries()) {
    text += index === 0 ? '' : ',';
    for (const part of encodeNode(node)) {
      text += part;
      if (text.length < PIECE_BYTES) continue;
      yield Buffer.from(text, 'utf8');
      text = '';
    }
  }
  yield Buffer.from(`${text}]}\n`, 'utf8');
}

function* encodeNode(node: TreeNode): Generator<string> {
  const facts = {
    name: goQuote(node.name),
    type: node.type,
    mode: node.type === 'dir' ? GO_MODE_DIRECTORY + node.mode : node.mode,
    mtime: node.mtime,
    atime: node.mtime,
    ctime: node.mtime,
    uid: 0,
    gid: 0,
  };
  if (node.type === 'dir') {
    yield JSON.stringify({ ...facts, content: null, subtree: toHex(node.subtree) });
    return;
  }
  yield `${JSON.stringify({ ...facts, size: node.size }).slice(0, -1)},"content":[`;
  let first = true;
  for (const id of node.content) {
    yield `${first ? '' : ','}"${toHex(id)}"`;
    first = false;
  }
  yield ']}';
}

function checkNames(sorted: readonly TreeNode[]): void {
  for (const [index, { name }] of sorted.entries()) {
    const previous = sorted[index - 1]?.name;
    if (previous !== undefined && Buffer.compare(previous, name) === 0)
      throw new RangeError(`${goQuote(name)} stands twice in one folder`);
    if (name.length === 0 || name.includes(0x2f) || name.includes(0))
      throw new RangeError(`"${goQuote(name)}" is no file name`);
  }
}
