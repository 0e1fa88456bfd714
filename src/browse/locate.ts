import type { BlobId } from '../repository/object-id.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { UserError } from '../user-error.ts';
import { subjectOf } from './choose-snapshot.ts';
import { nameText, unescapedName } from './name-text.ts';
import { nodeFacts } from './node-facts.ts';

/** A file or folder of a snapshot, found. */
export interface Located {
  /** From the root of the snapshot, raw bytes: `/qemu/101`; empty for the root itself. */
  readonly path: Uint8Array;
  /** Undefined for the root, which has a tree and nothing else. */
  readonly node: StoredNode | undefined;
  /** Of a folder. */
  readonly tree: BlobId | undefined;
}

/** Where paths that do not begin with a slash begin: a guest's own folder, `/qemu/101`; else the root, which is empty. */
export function homeOf(snapshot: Snapshot): string {
  const subject = subjectOf(snapshot);
  return subject === undefined ? '' : `/${subject}`;
}

/**
 * Finds a path: from the root when it begins with a slash, else from the guest's folder. Each of its names is looked up as
 * it is typed and then, if it is not there, with its escapes (`name-text.ts`) undone. Links are not followed. Only the folders
 * on the way are read, not the one that is found.
 * @throws UserError `snapshot-not-found` naming what is missing, `repository-damaged`
 */
export async function locate(reader: BlobSource, snapshot: Snapshot, path: string): Promise<Located> {
  const whole = path.startsWith('/') ? path : `${homeOf(snapshot)}/${path}`;
  let at: Located = { path: new Uint8Array(), node: undefined, tree: snapshot.tree };
  for (const part of whole.split('/').filter((name) => name !== '' && name !== '.')) {
    const node = at.tree === undefined ? undefined : pick(await reader.readTree(at.tree), part);
    if (node === undefined) throw missing(snapshot, at, part);
    at = { path: joinPath(at.path, node.name), node, tree: node.subtree };
  }
  return at;
}

/** A path and a name below it, both raw bytes. */
export function joinPath(folder: Uint8Array, name: Uint8Array): Uint8Array {
  return Buffer.concat([folder, SLASH, name]);
}

const SLASH = Buffer.from('/');

function pick(nodes: readonly StoredNode[], part: string): StoredNode | undefined {
  const named = (name: Uint8Array | undefined) =>
    name === undefined ? undefined : nodes.find((node) => Buffer.compare(node.name, name) === 0);
  return named(Buffer.from(part, 'utf8')) ?? named(unescapedName(part));
}

function missing(snapshot: Snapshot, { path, node, tree }: Located, part: string): UserError {
  const id = snapshot.id.slice(0, 8);
  const where = path.length === 0 ? '/' : nameText(path);
  if (tree !== undefined)
    return new UserError('snapshot-not-found', `the snapshot ${id} holds no ${part} in ${where}`, {
      hint: `\`pvebak ls ${id} ${where}\` lists what is there`,
    });
  const link =
    node?.type === 'symlink'
      ? { hint: `it is a link to ${nameText(nodeFacts(node).linkTarget)}; links are not followed` }
      : {};
  return new UserError('snapshot-not-found', `${where} in the snapshot ${id} is no folder`, link);
}
