import type { GuestRef } from '../pve/guest.ts';
import type { BlobList } from '../repository/blob-list.ts';
import type { BlobId } from '../repository/object-id.ts';
import type { BlobSaver } from '../repository/store.ts';
import type { TreeNode } from '../repository/tree.ts';
import { saveTree } from '../repository/tree-writer.ts';
import { UserError } from '../user-error.ts';
import { encodeFullTree, type FullNode, plainNode } from './rootfs/tree-text.ts';

/** What stands beside each other in a guest's folder, `/qemu/101`. */
export type GuestEntry =
  | { readonly kind: 'small-file'; readonly name: string; readonly bytes: Uint8Array }
  /** A content list that can be large: in a folder of its own, so that an unchanged one costs nothing. */
  | {
      readonly kind: 'large-file';
      readonly folder: string;
      readonly name: string;
      readonly size: number;
      readonly content: BlobList;
    }
  /** A folder that is saved already, with facts of its own. */
  | { readonly kind: 'folder'; readonly name: string; readonly root: FullNode };

/** Folders of large files carry no time of the dump: unchanged content is the same tree. */
const NO_TIME = '1970-01-01T00:00:00Z';
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * Saves the tree of one guest and returns the snapshot's root.
 * @param time RFC 3339, for the small files
 * @throws UserError `stream-broken` when two entries have the same name
 */
export function saveGuestTree(
  writer: BlobSaver,
  guest: GuestRef,
  contents: { readonly entries: readonly GuestEntry[]; readonly time: string },
): Promise<BlobId> {
  return saveSnapshotTree(writer, [guest.type, String(guest.vmid)], contents);
}

/** The same below any two folders, `node` and `fra1`. */
export async function saveSnapshotTree(
  writer: BlobSaver,
  [outer, inner]: readonly [string, string],
  contents: { readonly entries: readonly GuestEntry[]; readonly time: string },
): Promise<BlobId> {
  checkNames(contents.entries);
  const nodes = await Promise.all(contents.entries.map((entry) => saveEntry(writer, entry, contents.time)));
  const innerFolder = await saveFullTree(writer, nodes);
  const outerFolder = (await saveTree(writer, [folder(inner, contents.time, innerFolder)])).id;
  return (await saveTree(writer, [folder(outer, contents.time, outerFolder)])).id;
}

async function saveFullTree(writer: BlobSaver, nodes: readonly FullNode[]): Promise<BlobId> {
  const sorted = nodes.toSorted((a, b) => Buffer.compare(a.name, b.name));
  return (await writer.save('tree', new Uint8Array(Buffer.concat([...encodeFullTree(sorted)])))).id;
}

async function saveEntry(writer: BlobSaver, entry: GuestEntry, time: string): Promise<FullNode> {
  if (entry.kind === 'folder') return { ...entry.root, name: Buffer.from(entry.name, 'utf8') };
  return plainNode(await saveOwnEntry(writer, entry, time));
}

async function saveOwnEntry(
  writer: BlobSaver,
  entry: Exclude<GuestEntry, { kind: 'folder' }>,
  time: string,
): Promise<TreeNode> {
  if (entry.kind === 'large-file') {
    const { name, size, content } = entry;
    const { id } = await saveTree(writer, [file(name, NO_TIME, { size, content })]);
    return folder(entry.folder, NO_TIME, id);
  }
  const size = entry.bytes.length;
  const content = size === 0 ? [] : [(await writer.save('data', Uint8Array.from(entry.bytes))).id];
  return file(entry.name, time, { size, content });
}

function file(name: string, mtime: string, body: { size: number; content: Iterable<BlobId> }): TreeNode {
  return { type: 'file', name: Buffer.from(name, 'utf8'), mode: FILE_MODE, mtime, ...body };
}

function folder(name: string, mtime: string, subtree: BlobId): TreeNode {
  return { type: 'dir', name: Buffer.from(name, 'utf8'), mode: FOLDER_MODE, mtime, subtree };
}

/** Names come from the archive: one that repeats, or collides with ours, is refused. */
function checkNames(entries: readonly GuestEntry[]): void {
  const seen = new Set<string>();
  for (const entry of entries) {
    const name = entry.kind === 'large-file' ? entry.folder : entry.name;
    if (seen.has(name))
      throw new UserError(
        'stream-broken',
        `the archive holds something named ${JSON.stringify(name)}, which stands in the snapshot already`,
      );
    seen.add(name);
  }
}
