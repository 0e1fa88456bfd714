import { isFileName } from './file-name.ts';
import { goQuote } from './go-quote.ts';
import { type BlobId, toHex } from './object-id.ts';

/**
 * A tree blob: the nodes of one directory (restic's design document, "Trees and Data"):
 *
 *     {"nodes":[{"name":...,"type":"file","mode":...,"mtime":...,"size":...,"content":[ids]}, ...]}\n
 *
 * Siblings are sorted by the raw bytes of their names and unique. The text is what Go's encoder makes of the same node
 * (order of fields, no empty size, no zeros at the end of a fraction, `<>&` escaped): `restic rewrite` refuses trees
 * that it cannot write again byte for byte (restic's `walker/rewriter.go`). `content` comes last, so that a node's other
 * fields are known before a list that can be hundreds of megabytes.
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
 * @throws RangeError when two names are equal, or one is empty, `.` or `..`, or holds a slash or a zero byte
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
    mtime: goTime(node.mtime),
    atime: goTime(node.mtime),
    ctime: goTime(node.mtime),
    uid: 0,
    gid: 0,
  };
  if (node.type === 'dir') {
    yield goJson({ ...facts, content: null, subtree: toHex(node.subtree) });
    return;
  }
  const size = node.size > 0 ? { size: node.size } : {};
  yield `${goJson({ ...facts, ...size }).slice(0, -1)},"content":[`;
  let first = true;
  for (const id of node.content) {
    yield `${first ? '' : ','}"${toHex(id)}"`;
    first = false;
  }
  yield ']}';
}

/** JSON as Go's encoding/json writes it; where else the two differ, a quoted name has escapes already. */
function goJson(value: object): string {
  return JSON.stringify(value).replace(
    /[<>&]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

/** Go's time.RFC3339Nano: no zeros at the end of a fraction. */
function goTime(rfc3339: string): string {
  return rfc3339.replace(/(\.\d*?)0+(?=[Z+-])/, '$1').replace(/\.(?=[Z+-])/, '');
}

function checkNames(sorted: readonly TreeNode[]): void {
  for (const [index, { name }] of sorted.entries()) {
    const previous = sorted[index - 1]?.name;
    if (previous !== undefined && Buffer.compare(previous, name) === 0)
      throw new RangeError(`${goQuote(name)} stands twice in one folder`);
    if (!isFileName(name)) throw new RangeError(`"${goQuote(name)}" is no file name`);
  }
}
