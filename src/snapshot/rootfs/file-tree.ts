import { sameBytes } from '../../repository/object-id.ts';
import { IdSlots } from './id-slots.ts';
import { type Inode, InodeTable } from './inode-table.ts';
import { NameTable, NO_INODE, ROOT } from './name-table.ts';

/** What became of a member. */
export type Placement =
  | { readonly kind: 'placed'; readonly inode: number }
  /** A folder that is not empty stands there, and it is none. */
  | { readonly kind: 'folder-in-the-way' }
  /** What is to hold it is no folder. */
  | { readonly kind: 'not-in-a-folder' }
  | { readonly kind: 'no-such-target' };

type Path = readonly Uint8Array[];

/** Folders that no member describes. */
const IMPLIED: Inode = {
  type: 'dir',
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtimeSeconds: 0,
  mtimeNanoseconds: 0,
  device: 0,
  linkTarget: new Uint8Array(0),
  extendedAttributes: new Uint8Array(0),
};

/**
 * A tree of files as `tar -x` would make it, member by member: what comes later takes the place of what was there, folders
 * that come again get the later facts and keep what is in them. It is a tree of names: nothing is reached through a symlink.
 */
export class FileTree {
  readonly inodes = new InodeTable();
  readonly names = new NameTable(this.inodes.add(IMPLIED));
  readonly slots = new IdSlots();
  /** The folders of the last path: that of the next one is mostly the same. */
  readonly #trail: { readonly part: Uint8Array; readonly name: number }[] = [];

  /** Bytes that are held. */
  get bytes(): number {
    return this.inodes.bytes + this.names.bytes + this.slots.bytes;
  }

  /** Puts a file or folder there; folders that are missing above are made. */
  place(path: Path, inode: Inode): Placement {
    const name = this.#nameFor(path);
    if (name === undefined) return { kind: 'not-in-a-folder' };
    if (this.#isFolder(name) && inode.type === 'dir') {
      const old = this.names.inodeOf(name);
      this.inodes.set(old, inode);
      return { kind: 'placed', inode: old };
    }
    if (this.#isInTheWay(name)) return { kind: 'folder-in-the-way' };
    const added = this.inodes.add(inode);
    this.#put(name, added);
    return { kind: 'placed', inode: added };
  }

  /** Gives a file that is there one more name. */
  link(path: Path, target: Path): Placement {
    const inode = this.#inodeAt(target);
    if (inode === undefined || this.inodes.typeOf(inode) === 'dir') return { kind: 'no-such-target' };
    const name = this.#nameFor(path);
    if (name === undefined) return { kind: 'not-in-a-folder' };
    if (this.#isInTheWay(name)) return { kind: 'folder-in-the-way' };
    if (this.names.inodeOf(name) !== inode) this.#put(name, inode);
    return { kind: 'placed', inode };
  }

  /** Takes what is there away, if it is no folder that holds something. */
  remove(path: Path): void {
    const name = this.#find(path);
    if (name !== undefined && name !== ROOT && !this.#isInTheWay(name)) this.#put(name, NO_INODE);
  }

  /** The name that a path leads to, new if need be. */
  #nameFor(path: Path): number | undefined {
    const last = path.at(-1);
    if (last === undefined) return ROOT;
    const folder = this.#folder(path.slice(0, -1));
    return folder === undefined ? undefined : this.#nameIn(folder, last);
  }

  #folder(path: Path): number | undefined {
    let folder = ROOT;
    for (const [depth, part] of path.entries()) {
      folder = this.#step(depth, folder, part);
      if (this.names.inodeOf(folder) === NO_INODE) this.#put(folder, this.inodes.add(IMPLIED));
      if (!this.#isFolder(folder)) return undefined;
    }
    return folder;
  }

  #step(depth: number, folder: number, part: Uint8Array): number {
    const known = this.#trail[depth];
    if (known !== undefined && sameBytes(known.part, part)) return known.name;
    const name = this.#nameIn(folder, part);
    this.#trail.splice(depth, Number.POSITIVE_INFINITY, { part, name });
    return name;
  }

  #nameIn(folder: number, part: Uint8Array): number {
    return this.names.find(folder, part) ?? this.names.add(folder, part, NO_INODE);
  }

  #find(path: Path): number | undefined {
    let name: number | undefined = ROOT;
    for (const part of path) {
      if (name === undefined || !this.#isFolder(name)) return undefined;
      name = this.names.find(name, part);
    }
    return name;
  }

  #inodeAt(path: Path): number | undefined {
    const name = this.#find(path);
    const inode = name === undefined ? NO_INODE : this.names.inodeOf(name);
    return inode === NO_INODE ? undefined : inode;
  }

  #isFolder(name: number): boolean {
    const inode = this.names.inodeOf(name);
    return inode !== NO_INODE && this.inodes.typeOf(inode) === 'dir';
  }

  #isInTheWay(name: number): boolean {
    return this.#isFolder(name) && (name === ROOT || this.inodes.namesOf(this.names.inodeOf(name)) > 0);
  }

  /** Changes what a name stands for, and counts: names of a file, and what a folder holds. */
  #put(name: number, inode: number): void {
    const old = this.names.inodeOf(name);
    const folder = this.names.inodeOf(this.names.parentOf(name));
    if (old !== NO_INODE && this.inodes.typeOf(old) !== 'dir') this.inodes.addNames(old, -1);
    if (inode !== NO_INODE && this.inodes.typeOf(inode) !== 'dir') this.inodes.addNames(inode, 1);
    if (old === NO_INODE && inode !== NO_INODE) this.inodes.addNames(folder, 1);
    if (old !== NO_INODE && inode === NO_INODE) this.inodes.addNames(folder, -1);
    this.names.setInode(name, inode);
  }
}
