import { FormatError } from '../../formats/format-error.ts';
import { memberPath } from '../../formats/tar/member-path.ts';
import type { TarMember } from '../../formats/tar/tar-member.ts';
import type { SavedBlob } from '../../repository/blob-writer.ts';
import { goQuote } from '../../repository/go-quote.ts';
import type { BlobSaver } from '../../repository/store.ts';
import { StoredAmount } from '../stored-amount.ts';
import { FileContent } from './file-content.ts';
import { FileTree, type Placement } from './file-tree.ts';
import { memberInode } from './member-inode.ts';
import { saveFileTree } from './save-file-tree.ts';
import type { FullNode } from './tree-text.ts';

/** The files of a container, their blobs and trees saved. */
export interface TakenRootfs {
  /** The root folder; undefined when there were too many files. */
  readonly root: FullNode | undefined;
  /** Names of all that is no folder. */
  readonly files: number;
  readonly folders: number;
  /** What small files, holes and trees added; the blobs of large files are the archive's. */
  readonly amount: StoredAmount;
  /** What is in the archive only, in whole or in part: the first hundred, and how many in all. */
  readonly leftOut: readonly LeftOut[];
  readonly leftOutCount: number;
}

export interface LeftOut {
  /** From the root, without a slash in front; bytes that cannot be printed are escaped. */
  readonly path: string;
  readonly reason: string;
}

const MOST_LEFT_OUT = 100;
/** Room for some five million files. */
const MOST_STATE_BYTES = 1 << 30;
const MEMBERS_BETWEEN_LOOKS = 1024;

/**
 * The files of a container's archive, as `tar -x` would make them, while it passes. Tell it of each member, then of that
 * member's content in order, and at last `end`. It holds about 200 bytes for each file. Whatever returns a promise is
 * awaited before the next call. Nothing is committed.
 */
export class RootfsView {
  readonly #writer: BlobSaver;
  readonly #mostStateBytes: number;
  readonly #amount = new StoredAmount();
  readonly #leftOut: LeftOut[] = [];
  #leftOutCount = 0;
  #members = 0;
  #tree: FileTree | undefined = new FileTree();
  #content: FileContent | undefined;
  /** The file whose content comes now. */
  #current: { readonly inode: number; readonly size: number } | undefined;

  constructor(writer: BlobSaver, options: { readonly mostStateBytes?: number } = {}) {
    this.#writer = writer;
    this.#mostStateBytes = options.mostStateBytes ?? MOST_STATE_BYTES;
  }

  /**
   * @param offset where in the stream it is, for messages
   * @throws FormatError when its name is absolute, leads out of its folder, or is below what is no folder
   */
  async takeMember(member: TarMember, offset: number): Promise<void> {
    await this.#finishFile();
    const tree = this.#treeInBounds();
    if (tree === undefined) return;
    const path = memberPath(member.rawName, offset);
    const placed =
      member.type === 'hard-link'
        ? tree.link(path, memberPath(member.linkName, offset))
        : this.#place(tree, member, path);
    this.#report(placed, member, { path, offset });
    if (placed?.kind !== 'placed' || member.type !== 'file') return;
    this.#current = { inode: placed.inode, size: member.realSize };
    this.#contentOf(tree).begin();
  }

  /** Content that is in no blob of its own. @param offset in the file */
  takeSmallContent(bytes: Uint8Array, offset: number): Promise<void> | undefined {
    return this.#current === undefined ? undefined : this.#content?.addSmall(bytes, offset);
  }

  /** A blob of the archive that holds nothing but this stretch of the file. */
  async takeBlob(offset: number, length: number, done: Promise<SavedBlob>): Promise<void> {
    if (this.#current !== undefined) await this.#content?.addBlob(offset, length, done);
  }

  /** Saves the trees. */
  async end(): Promise<TakenRootfs> {
    await this.#finishFile();
    await this.#content?.end();
    const tree = this.#treeInBounds(true);
    const saved =
      tree === undefined
        ? { root: undefined, files: 0, folders: 0 }
        : await saveFileTree(this.#writer, tree, this.#amount);
    return { ...saved, amount: this.#amount, leftOut: this.#leftOut, leftOutCount: this.#leftOutCount };
  }

  #place(
    tree: FileTree,
    member: TarMember,
    path: readonly Uint8Array[],
  ): Placement | { readonly kind: 'unfit'; readonly reason: string } {
    const read = memberInode(member);
    if (read.kind === 'unfit') {
      tree.remove(path);
      return read;
    }
    for (const reason of read.lost) this.#leaveOut(path, reason);
    return tree.place(path, read.inode);
  }

  #report(
    placed: Placement | { readonly kind: 'unfit'; readonly reason: string },
    member: TarMember,
    { path, offset }: { readonly path: readonly Uint8Array[]; readonly offset: number },
  ): void {
    switch (placed.kind) {
      case 'placed':
        return;
      case 'unfit':
        this.#leaveOut(path, placed.reason);
        return;
      case 'folder-in-the-way':
        this.#leaveOut(path, 'a folder that is not empty has the same name');
        return;
      case 'no-such-target':
        this.#leaveOut(path, `it is a link to ${goQuote(member.linkName)}, which is not there`);
        return;
      case 'not-in-a-folder':
        throw new FormatError(`${shown(path)} is below something that is no folder`, offset);
    }
  }

  #leaveOut(path: readonly Uint8Array[], reason: string): void {
    this.#leftOutCount += 1;
    if (this.#leftOut.length < MOST_LEFT_OUT) this.#leftOut.push({ path: shown(path), reason });
  }

  async #finishFile(): Promise<void> {
    const current = this.#current;
    if (current === undefined || this.#content === undefined) return;
    this.#current = undefined;
    const content = await this.#content.finish(current.size);
    this.#tree?.inodes.setContent(current.inode, content);
  }

  #contentOf(tree: FileTree): FileContent {
    this.#content ??= new FileContent(this.#writer, { slots: tree.slots, amount: this.#amount });
    return this.#content;
  }

  /** The tree, unless it has outgrown its bound: then it is given up. */
  #treeInBounds(look = this.#members++ % MEMBERS_BETWEEN_LOOKS === 0): FileTree | undefined {
    if (look && this.#tree !== undefined && this.#tree.bytes > this.#mostStateBytes) {
      this.#tree = undefined;
      this.#leaveOut([], 'there are more files than can be listed');
    }
    return this.#tree;
  }
}

function shown(path: readonly Uint8Array[]): string {
  return path.map(goQuote).join('/');
}
