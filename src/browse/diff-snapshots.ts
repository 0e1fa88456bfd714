import { isUtf8 } from 'node:buffer';
import { sameBytes } from '../repository/object-id.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { readSmallFile } from '../snapshot/snapshot-files.ts';
import { mostChangedBytes } from './changed-bytes.ts';
import { compareFile, diffTrees, type FileChange, type NodePair, pairNodes } from './diff-trees.ts';
import { homeOf, locate } from './locate.ts';
import { nameText } from './name-text.ts';
import type { SizedBlobs } from './sized-blobs.ts';
import { type Hunk, unifiedDiff } from './unified-diff.ts';

/** What differs between two snapshots. */
export type Difference =
  /** A configuration; a side is absent where there was none. */
  | {
      readonly kind: 'text';
      readonly name: string;
      readonly before: boolean;
      readonly after: boolean;
      readonly hunks: readonly Hunk[];
    }
  /** A disk, or an archive whose files can't be compared one by one. Sizes in bytes; undefined where there was none. */
  | {
      readonly kind: 'volume';
      readonly name: string;
      readonly before: number | undefined;
      readonly after: number | undefined;
      /** Bytes of what is there now, whole chunks: not more than this has changed. */
      readonly mostChanged: number;
    }
  /** Its path begins where those of `locate` begin that have no slash in front: `rootfs/etc/passwd`. */
  | { readonly kind: 'file'; readonly change: FileChange };

/** A snapshot and where it is read. */
export interface SnapshotSide {
  readonly reader: SizedBlobs;
  readonly snapshot: Snapshot;
}

/**
 * Compares what two snapshots hold: of guests configurations, disks, and the files of containers; of all others the files.
 * Records and logs of the dumps themselves (`pvebak.json`, `vzdump.log`) are left out, and a VM's archive, which is made of the same blobs
 * as its disks. Two different guests can be compared.
 * @throws UserError `repository-damaged`
 */
export async function* diffSnapshots(before: SnapshotSide, after: SnapshotSide): AsyncGenerator<Difference> {
  const sides = { before, after };
  const [earlier, later] = await Promise.all([homeTree(before), homeTree(after)]);
  if (homeOf(before.snapshot) === '' || homeOf(after.snapshot) === '') {
    yield* filesOf(diffTrees(earlier, later, new Uint8Array()));
    return;
  }
  const [nodesBefore, nodesAfter] = await Promise.all([listHome(earlier), listHome(later)]);
  const hasFiles = [nodesBefore, nodesAfter].every((nodes) => nodes.some(isRootfs));
  const found = pairNodes(nodesBefore, nodesAfter).map((pair) => ({
    pair,
    role: roleOf(pair, { ...sides, hasFiles }),
  }));
  for (const role of SHOWN)
    for (const one of found) if (one.role === role) yield* diffPair(role, one.pair, sides);
}

/** What a guest's files are compared as, in the order in which they are shown. */
const SHOWN = ['text', 'volume', 'files'] as const;

function diffPair(role: (typeof SHOWN)[number], pair: NodePair, sides: Sides): AsyncGenerator<Difference> {
  switch (role) {
    case 'text':
      return diffText(nameText(pair.name), pair, sides);
    case 'volume':
      return diffVolume(nameText(pair.name), pair, sides);
    case 'files':
      return filesOf(diffNodes(pair, sides));
  }
}

interface Sides {
  readonly before: SnapshotSide;
  readonly after: SnapshotSide;
}

async function homeTree({ reader, snapshot }: SnapshotSide) {
  return { reader, tree: (await locate(reader, snapshot, '')).tree };
}

async function listHome({ reader, tree }: Awaited<ReturnType<typeof homeTree>>) {
  return tree === undefined ? [] : reader.readTree(tree);
}

const ROOTFS = Buffer.from('rootfs');
const ABOUT_THE_DUMP: ReadonlySet<string> = new Set(['pvebak.json', 'pvebak-node.json', 'vzdump.log']);

function isRootfs({ name }: Pick<StoredNode, 'name'>): boolean {
  return Buffer.compare(name, ROOTFS) === 0;
}

function roleOf(
  pair: NodePair,
  { before, after, hasFiles }: Sides & { readonly hasFiles: boolean },
): (typeof SHOWN)[number] | 'skipped' {
  const name = nameText(pair.name);
  const nodes = [pair.before, pair.after].filter((node) => node !== undefined);
  const ofVm = [before, after].every(({ snapshot }) => homeOf(snapshot).startsWith('/qemu/'));
  if (ABOUT_THE_DUMP.has(name)) return 'skipped';
  if (isRootfs(pair)) return hasFiles ? 'files' : 'skipped';
  if (nodes.some(({ type }) => type === 'dir'))
    return name === 'archive' && (ofVm || hasFiles) ? 'skipped' : 'volume';
  return /\.(?:conf|fw)$/.test(name) && nodes.every(({ size }) => size <= MOST_TEXT_BYTES) ? 'text' : 'files';
}

const MOST_TEXT_BYTES = 1 << 20;

async function* diffText(name: string, pair: NodePair, sides: Sides): AsyncGenerator<Difference> {
  const [was, is] = await Promise.all([
    readText(sides.before, pair.before),
    readText(sides.after, pair.after),
  ]);
  const hunks = unifiedDiff(was ?? '', is ?? '');
  if (hunks.length > 0 || (was === undefined) !== (is === undefined))
    yield { kind: 'text', name, before: was !== undefined, after: is !== undefined, hunks };
}

async function readText({ reader }: SnapshotSide, node: StoredNode | undefined): Promise<string | undefined> {
  if (node === undefined) return undefined;
  const bytes = Buffer.from(await readSmallFile(reader, node));
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

/** Folders of the same id hold the same list: then nothing is read. */
async function* diffVolume(name: string, pair: NodePair, sides: Sides): AsyncGenerator<Difference> {
  const [was, is] = [pair.before?.subtree, pair.after?.subtree];
  if (was !== undefined && is !== undefined && sameBytes(was, is)) return;
  const [before, after] = await Promise.all([
    soleFile(sides.before, pair.before),
    soleFile(sides.after, pair.after),
  ]);
  const mostChanged =
    after === undefined
      ? 0
      : before === undefined
        ? after.size
        : mostChangedBytes({ ...sides.before, ...before }, { ...sides.after, ...after });
  if (mostChanged > 0 || before?.size !== after?.size)
    yield { kind: 'volume', name, before: before?.size, after: after?.size, mostChanged };
}

async function soleFile(
  { reader }: SnapshotSide,
  folder: StoredNode | undefined,
): Promise<Pick<StoredNode, 'size' | 'content'> | undefined> {
  if (folder?.subtree === undefined) return undefined;
  const file = (await reader.readTree(folder.subtree)).find(({ type }) => type === 'file');
  return file === undefined ? undefined : { size: file.size, content: file.content };
}

/** A folder or file that stands on one side or on both. */
async function* diffNodes({ name, before, after }: NodePair, sides: Sides): AsyncGenerator<FileChange> {
  const path = name;
  if (before === undefined || after === undefined) {
    const change = before ?? after;
    if (change === undefined) return;
    yield before === undefined
      ? { kind: 'added', path, after: change }
      : { kind: 'removed', path, before: change };
    return;
  }
  const change = compareFile(path, before, after);
  if (change !== undefined) yield change;
  if (before.subtree !== undefined && after.subtree !== undefined)
    yield* diffTrees(
      { reader: sides.before.reader, tree: before.subtree },
      { reader: sides.after.reader, tree: after.subtree },
      path,
    );
}

async function* filesOf(changes: AsyncIterable<FileChange>): AsyncGenerator<Difference> {
  for await (const change of changes) yield { kind: 'file', change };
}
