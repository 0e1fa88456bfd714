import { damaged } from '../repository/damaged-error.ts';
import { type BlobId, toHex } from '../repository/object-id.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { aclText } from './acl-text.ts';
import type { Located } from './locate.ts';
import { nameText } from './name-text.ts';
import { type ExtendedAttribute, type NodeFacts, nodeFacts } from './node-facts.ts';
import { readParts, type StreamPart } from './ordered-blobs.ts';
import type { SizedBlobs } from './sized-blobs.ts';
import { encodeTarEntry, type PaxRecord, paddingOf, type TarEntry, tarEnd } from './tar-entry.ts';
import { type Walked, walkTree } from './walk-tree.ts';

/** What a tar cannot hold, such as a socket. */
export interface LeftOut {
  /** Raw bytes. */
  readonly path: Uint8Array;
  readonly type: NodeFacts['type'];
}

/**
 * A folder as a tar archive in the pax format, with its names relative to the folder, `./etc/passwd`: owners as numbers, modes,
 * times, hard links, devices, extended attributes and ACLs (`tar --xattrs --xattrs-include='*' --acls` restores the last two).
 * A file's holes are written as zeros.
 * @param onLeftOut called for each node that is not in the archive
 * @throws UserError `repository-damaged`, also for a file whose blobs are not as long as it is
 */
export function folderTar(
  reader: SizedBlobs,
  folder: Located,
  onLeftOut: (leftOut: LeftOut) => void,
): AsyncGenerator<Uint8Array> {
  return readParts(reader, tarParts(reader, folder, onLeftOut));
}

async function* tarParts(
  reader: SizedBlobs,
  { node, tree }: Located,
  onLeftOut: (leftOut: LeftOut) => void,
): AsyncGenerator<StreamPart> {
  const links = new LinkTargets();
  if (node !== undefined) yield header({ path: DOT, node }, nodeFacts(node), undefined);
  if (tree === undefined) return;
  for await (const walked of walkTree(reader, tree, DOT)) {
    const facts = nodeFacts(walked.node);
    if (facts.type === 'socket' || facts.type === 'other') {
      onLeftOut({ path: walked.path, type: facts.type });
      continue;
    }
    const linkedTo = links.earlierName(walked, facts);
    const holdsContent = facts.type === 'file' && linkedTo === undefined;
    if (holdsContent) checkSize(reader, walked);
    yield header(walked, facts, linkedTo);
    if (holdsContent) yield* contentParts(reader, walked.node);
  }
  yield { kind: 'bytes', bytes: tarEnd() };
}

const DOT = Buffer.from('.');
const SLASH = Buffer.from('/');

function header({ path, node }: Walked, facts: NodeFacts, linkedTo: Uint8Array | undefined): StreamPart {
  const entry: TarEntry = {
    ...facts,
    path: facts.type === 'dir' ? Buffer.concat([path, SLASH]) : path,
    typeFlag: linkedTo === undefined ? TYPE_FLAGS[facts.type] : '1',
    size: facts.type === 'file' && linkedTo === undefined ? node.size : 0,
    linkPath: linkedTo ?? facts.linkTarget,
    records: facts.xattrs.map(recordOf),
  };
  return { kind: 'bytes', bytes: encodeTarEntry(entry) };
}

/** Of a type that a tar can hold; the last two never get here. */
const TYPE_FLAGS = {
  file: '0',
  symlink: '2',
  chardev: '3',
  dev: '4',
  dir: '5',
  fifo: '6',
  socket: '0',
  other: '0',
} as const;

const ACL_RECORDS: ReadonlyMap<string, string> = new Map([
  ['system.posix_acl_access', 'SCHILY.acl.access'],
  ['system.posix_acl_default', 'SCHILY.acl.default'],
]);

function recordOf({ name, value }: ExtendedAttribute): PaxRecord {
  const aclKey = ACL_RECORDS.get(name);
  const acl = aclKey === undefined ? undefined : aclText(value);
  if (aclKey !== undefined && acl !== undefined) return { key: aclKey, value: Buffer.from(acl) };
  return { key: `SCHILY.xattr.${name.replaceAll('%', '%25').replaceAll('=', '%3D')}`, value };
}

/** Before the header is written: a size that is not that of the content would break all that follows. */
function checkSize(reader: SizedBlobs, { path, node }: Walked): void {
  let size = 0;
  for (const id of node.content) size += lengthOf(reader, id);
  if (size !== node.size)
    throw damaged(nameText(path), `it has ${size} bytes, and its folder says ${node.size}`);
}

function* contentParts(reader: SizedBlobs, { size, content }: StoredNode): Generator<StreamPart> {
  for (const id of content) yield { kind: 'blob', id, length: lengthOf(reader, id) };
  yield { kind: 'bytes', bytes: paddingOf(size) };
}

function lengthOf(reader: SizedBlobs, id: BlobId): number {
  const length = reader.lengthOf('data', id);
  if (length === undefined) throw damaged(`data blob ${toHex(id)}`, 'no index names it');
  return length;
}

interface FirstName {
  readonly path: Uint8Array;
  readonly content: string;
  left: number;
}

/**
 * Files that have come already under another name. Names of one file are known by device and inode; as a large inode's number is
 * not exact, they must also hold the same. A file is forgotten when all its names have come.
 */
class LinkTargets {
  readonly #first = new Map<string, FirstName>();

  earlierName({ path, node }: Walked, { type, links, linkKey }: NodeFacts): Uint8Array | undefined {
    if (linkKey === undefined || type !== 'file') return undefined;
    const content = outline(node);
    const first = this.#first.get(linkKey);
    if (first === undefined) {
      this.#first.set(linkKey, { path, content, left: links - 1 });
      return undefined;
    }
    if (first.content !== content) return undefined;
    first.left -= 1;
    if (first.left === 0) this.#first.delete(linkKey);
    return first.path;
  }
}

function outline({ size, content }: StoredNode): string {
  const ends = [content.at(0), content.at(content.length - 1)].map((id) =>
    id === undefined ? '' : toHex(id),
  );
  return `${size} ${content.length} ${ends.join(' ')}`;
}
