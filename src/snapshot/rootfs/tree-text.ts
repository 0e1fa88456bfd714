import { goQuote } from '../../repository/go-quote.ts';
import { type BlobId, toHex } from '../../repository/object-id.ts';
import type { TreeNode } from '../../repository/tree.ts';
import type { InodeType } from './inode-table.ts';

/**
 * Encodes trees with all that restic knows of a file, as Go would (see `repository/tree.ts`): in the order of the fields
 * in restic's `node.go`, empty ones left out, `content` null unless it is a file. The access and change time are the
 * modification time: reading a file, or copying it for a dump, must not change the tree that it is in.
 */
export interface FullNode {
  /** Raw bytes. */
  readonly name: Uint8Array;
  readonly type: InodeType;
  /** Permission bits, with those of set-user-id, set-group-id and sticky. */
  readonly mode: number;
  /** RFC 3339, no zeros at the end of a fraction. */
  readonly mtime: string;
  readonly uid: number;
  readonly gid: number;
  /** Names of the same file have one; 0 when there is only one name. */
  readonly inode: number;
  /** Of a file. */
  readonly size: number;
  /** How many names it has; 0 for a folder. */
  readonly links: number;
  /** Raw bytes; empty unless it is a symlink. */
  readonly linkTarget: Uint8Array;
  /** JSON, a list of name and value; empty when there are none. */
  readonly extendedAttributes: string;
  /** As stat(2) has it. */
  readonly device: number;
  /** Of a file. */
  readonly content: Iterable<BlobId>;
  /** Of a folder. */
  readonly subtree: BlobId | undefined;
}

/** Go's os.FileMode. */
const GO_TYPE: Readonly<Record<InodeType, number>> = {
  file: 0,
  dir: 2 ** 31,
  symlink: 2 ** 27,
  dev: 2 ** 26,
  chardev: 2 ** 26 + 2 ** 21,
  fifo: 2 ** 25,
};
const GO_BITS = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
] as const;

/** All files of a container are of one device. */
const DEVICE_ID = 1;
const PIECE_CHARACTERS = 64 << 10;

/**
 * A tree's plaintext in pieces of about 64 KiB.
 * @throws RangeError when the names are not sorted by their bytes and unique, or one is no file name
 */
export function* encodeFullTree(nodes: Iterable<FullNode>): Generator<Uint8Array> {
  let text = '{"nodes":[';
  let separator = '';
  let previous: Uint8Array | undefined;
  for (const node of nodes) {
    checkName(node.name, previous);
    previous = node.name;
    text += separator + encodeFacts(node);
    separator = ',';
    for (const part of encodeContent(node)) {
      text += part;
      if (text.length < PIECE_CHARACTERS) continue;
      yield Buffer.from(text, 'utf8');
      text = '';
    }
  }
  yield Buffer.from(`${text}]}\n`, 'utf8');
}

function checkName(name: Uint8Array, previous: Uint8Array | undefined): void {
  if (previous !== undefined && Buffer.compare(previous, name) >= 0)
    throw new RangeError(`"${goQuote(name)}" stands twice in one folder, or too late`);
  const isDots = name.length <= 2 && name.every((byte) => byte === 0x2e);
  if (isDots || name.includes(0x2f) || name.includes(0))
    throw new RangeError(`"${goQuote(name)}" is no file name`);
}

/** A node of which less is known: root owns it, and nobody has counted its names. */
export function plainNode(node: TreeNode): FullNode {
  return {
    ...{ name: node.name, type: node.type, mode: node.mode, mtime: goTime(node.mtime), uid: 0, gid: 0 },
    ...{ inode: 0, links: 0, linkTarget: new Uint8Array(0), extendedAttributes: '', device: 0 },
    ...(node.type === 'file'
      ? { size: node.size, content: node.content, subtree: undefined }
      : { size: 0, content: [], subtree: node.subtree }),
  };
}

function goTime(rfc3339: string): string {
  return rfc3339.replace(/(\.\d*?)0+(?=[Z+-])/, '$1').replace(/\.(?=[Z+-])/, '');
}

function encodeFacts(node: FullNode): string {
  const { mtime } = node;
  const facts = [
    `{"name":${goJson(goQuote(node.name))},"type":"${node.type}"`,
    field('mode', goMode(node)),
    `,"mtime":"${mtime}","atime":"${mtime}","ctime":"${mtime}","uid":${node.uid},"gid":${node.gid}`,
    node.inode === 0 ? '' : `,"inode":${node.inode},"device_id":${DEVICE_ID}`,
    field('size', node.size),
    field('links', node.links),
    encodeLinkTarget(node.linkTarget),
    node.extendedAttributes === '' ? '' : `,"extended_attributes":${node.extendedAttributes}`,
    field('device', node.device),
  ];
  return facts.join('');
}

function field(name: string, value: number): string {
  return value === 0 ? '' : `,"${name}":${value}`;
}

function* encodeContent({ type, content, subtree }: FullNode): Generator<string> {
  if (type !== 'file') {
    yield `,"content":null${subtree === undefined ? '' : `,"subtree":"${toHex(subtree)}"`}}`;
    return;
  }
  let separator = ',"content":[';
  for (const id of content) {
    yield `${separator}"${toHex(id)}"`;
    separator = ',';
  }
  yield separator === ',' ? ']}' : `${separator}]}`;
}

function goMode({ type, mode }: FullNode): number {
  const bits = GO_BITS.reduce((sum, [bit, go]) => sum + ((mode & bit) === 0 ? 0 : go), 0);
  return GO_TYPE[type] + bits + (mode & 0o777);
}

/** restic keeps a target that is no UTF-8 twice: as text with replacements, and since 0.16.0 as bytes. */
function encodeLinkTarget(target: Uint8Array): string {
  if (target.length === 0) return '';
  const text = Buffer.from(target.buffer, target.byteOffset, target.length).toString('utf8');
  if (Buffer.compare(Buffer.from(text, 'utf8'), target) === 0) return `,"linktarget":${goJson(text)}`;
  const raw = Buffer.from(target).toString('base64');
  return `,"linktarget":"${goReplaced(target)}","linktarget_raw":"${raw}"`;
}

/** As Go's encoding/json: a replacement for each byte that is in no character. */
function goReplaced(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const character = [1, 2, 3, 4]
      .filter((length) => at + length <= bytes.length)
      .map((length) => decoded(bytes.subarray(at, at + length)))
      .find((found) => found !== undefined);
    text += character === undefined ? '\\ufffd' : goJson(character).slice(1, -1);
    at += character === undefined ? 1 : Buffer.byteLength(character);
  }
  return text;
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return STRICT.decode(bytes);
  } catch {
    return undefined;
  }
}

const ESCAPED = /[<>&\u2028\u2029]/;

/** JSON as Go's encoding/json writes it. */
export function goJson(text: string): string {
  const json = JSON.stringify(text);
  return ESCAPED.test(json)
    ? json.replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json;
}
