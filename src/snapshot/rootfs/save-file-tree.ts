import { hash } from 'node:crypto';
import type { BlobSaver } from '../../repository/store.ts';
import type { StoredAmount } from '../stored-amount.ts';
import type { FileTree } from './file-tree.ts';
import { NO_INODE, ROOT } from './name-table.ts';
import { TreeSaver } from './tree-saver.ts';
import { encodeFullTree, type FullNode } from './tree-text.ts';

/** A tree of files whose trees are saved. */
export interface SavedFileTree {
  /** The root, with an empty name. */
  readonly root: FullNode;
  /** Names of all that is no folder. */
  readonly files: number;
  readonly folders: number;
}

/**
 * Saves the trees of all folders, from the deepest upwards: those of one depth do not wait for each other.
 * @param tree all slots of its contents are filled
 */
export async function saveFileTree(
  writer: BlobSaver,
  tree: FileTree,
  amount: StoredAmount,
): Promise<SavedFileTree> {
  const { names, inodes, slots } = tree;
  const nodes = new Nodes(tree);
  const saver = new TreeSaver(writer, (slot, saved) => {
    amount.count(saved);
    slots.fill(slot, saved.id);
  });
  const levels = foldersByDepth(tree);
  for (const folders of levels.toReversed()) {
    for (const folder of folders) {
      const slot = slots.take();
      inodes.setContent(names.inodeOf(folder), { size: 0, first: slot, count: 1 });
      nodes.sort(folder);
      await saver.save(slot, () => encodeFullTree(nodes.in(folder)));
    }
    await saver.end();
  }
  const folders = levels.reduce((sum, { length }) => sum + length, 0);
  return { root: nodes.of(ROOT), files: nodes.count - folders, folders };
}

function foldersByDepth({ names, inodes }: FileTree): readonly (readonly number[])[] {
  const depths = new Uint16Array(names.length);
  const levels: number[][] = [[ROOT]];
  for (let name = 1; name < names.length; name++) {
    const depth = (depths[names.parentOf(name)] ?? 0) + 1;
    depths[name] = depth;
    const inode = names.inodeOf(name);
    if (inode === NO_INODE || inodes.typeOf(inode) !== 'dir') continue;
    levels[depth] ??= [];
    levels[depth].push(name);
  }
  return levels;
}

/** The nodes of each folder. */
class Nodes {
  readonly #tree: FileTree;
  /** All names, folder by folder; that of folder `f` begins at `#starts[f]` and ends where the next one begins. */
  readonly #ordered: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #inodeNumbers: Float64Array;

  constructor(tree: FileTree) {
    this.#tree = tree;
    this.#starts = startsOf(tree);
    this.#ordered = orderedNames(tree, this.#starts);
    this.#inodeNumbers = inodeNumbers(tree);
  }

  /** All nodes, the root among them. */
  get count(): number {
    return this.#ordered.length + 1;
  }

  sort(folder: number): void {
    const { names } = this.#tree;
    this.#namesIn(folder).sort((one, other) => names.compare(one, other));
  }

  *in(folder: number): Generator<FullNode> {
    for (const name of this.#namesIn(folder)) yield this.of(name);
  }

  of(name: number): FullNode {
    const { names, inodes, slots } = this.#tree;
    const number = names.inodeOf(name);
    const inode = inodes.get(number);
    const { size, first, count } = inodes.contentOf(number);
    const { type, mode, uid, gid, device, linkTarget, extendedAttributes } = inode;
    return {
      name: names.bytesOf(name),
      ...{ type, mode, uid, gid, device, linkTarget },
      mtime: rfc3339(inode.mtimeSeconds, inode.mtimeNanoseconds),
      inode: this.#inodeNumbers[number] ?? 0,
      size: type === 'file' ? size : 0,
      links: type === 'dir' ? 0 : inodes.namesOf(number),
      extendedAttributes: Buffer.from(extendedAttributes).toString('utf8'),
      content: type === 'file' ? slots.range(first, count) : [],
      subtree: type === 'dir' ? slots.get(first) : undefined,
    };
  }

  #namesIn(folder: number): Uint32Array {
    return this.#ordered.subarray(this.#starts[folder], this.#starts[folder + 1]);
  }
}

function startsOf({ names }: FileTree): Uint32Array {
  const starts = new Uint32Array(names.length + 1);
  for (let name = 1; name < names.length; name++) {
    const after = names.parentOf(name) + 1;
    if (names.inodeOf(name) !== NO_INODE) starts[after] = (starts[after] ?? 0) + 1;
  }
  for (let name = 1; name < starts.length; name++)
    starts[name] = (starts[name] ?? 0) + (starts[name - 1] ?? 0);
  return starts;
}

function orderedNames({ names }: FileTree, starts: Uint32Array): Uint32Array {
  const ordered = new Uint32Array(starts.at(-1) ?? 0);
  const next = starts.slice();
  for (let name = 1; name < names.length; name++) {
    const parent = names.parentOf(name);
    if (names.inodeOf(name) === NO_INODE) continue;
    const at = next[parent] ?? 0;
    next[parent] = at + 1;
    ordered[at] = name;
  }
  return ordered;
}

/**
 * A number, from 1 on, for each inode with several names: from the path that came first, so that it is the same in the
 * next backup, whatever else came or went: the first 48 bits of the SHA-256 of `0/etc/passwd`, and 1. Should two be equal,
 * all are drawn again, with 1 in the place of 0.
 */
function inodeNumbers(tree: FileTree): Float64Array {
  for (let draw = 0; ; draw++) {
    const numbers = drawNumbers(tree, draw);
    const sorted = numbers.filter((number) => number !== 0).sort();
    if (sorted.every((number, index) => number !== sorted[index - 1])) return numbers;
  }
}

function drawNumbers({ names, inodes }: FileTree, draw: number): Float64Array {
  const numbers = new Float64Array(inodes.length);
  for (let name = 1; name < names.length; name++) {
    const inode = names.inodeOf(name);
    if (inode === NO_INODE || numbers[inode] !== 0) continue;
    if (inodes.typeOf(inode) === 'dir' || inodes.namesOf(inode) < 2) continue;
    const parts: Uint8Array[] = [];
    for (let part = name; part !== ROOT; part = names.parentOf(part)) parts.push(names.bytesOf(part), SLASH);
    const path = Buffer.concat([Buffer.from(`${draw}`), ...parts.reverse()]);
    const digest = hash('sha256', path, 'buffer');
    numbers[inode] = digest.readUIntBE(0, 6) + 1;
  }
  return numbers;
}

const SLASH = Buffer.from('/');

const YEAR_0 = -62_167_219_200;
const YEAR_9999 = 253_402_300_799;

/** Go cannot write a year beyond 9999, nor one before 0. */
function rfc3339(seconds: number, nanoseconds: number): string {
  const known = Math.min(Math.max(seconds, YEAR_0), YEAR_9999);
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`;
  return `${new Date(known * 1000).toISOString().slice(0, 19)}${fraction}Z`;
}
