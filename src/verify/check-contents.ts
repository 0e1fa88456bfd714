import { type BlobId, sameBytes, toHex } from '../repository/object-id.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { readConfigOfTar } from '../snapshot/archived-config.ts';
import { findNode, readSmallFile } from '../snapshot/snapshot-files.ts';
import { UserError } from '../user-error.ts';
import { compareVma, type StoredDisk } from './compare-vma.ts';
import type { FaultBook } from './fault-book.ts';
import { type ListFacts, listFacts } from './list-facts.ts';
import { NotedDamage } from './proving-source.ts';
import { parseRecordedFiles, type RecordedFiles } from './recorded-files.ts';
import { nameSnapshot } from './snapshot-name.ts';

/** A container's or a node's tar whose list is right; what is in it has not been read. */
export interface StoredTar {
  readonly snapshot: string;
  /** The same for the same tar. */
  readonly key: string;
  /** `/lxc/105` */
  readonly folder: string;
  readonly path: string;
  readonly node: StoredNode;
  /** 64 hex digits; undefined when the record does not state it. */
  readonly sha256: string | undefined;
  /** The tree of the files beside it; undefined when there is none. */
  readonly rootfs: BlobId | undefined;
}

export interface ContentsCheck {
  readonly source: BlobSource;
  readonly lengthOf: (id: BlobId) => number | undefined;
  readonly book: FaultBook;
  readonly signal: AbortSignal;
}

/**
 * Holds the snapshots of guests and nodes against what they say of themselves: the record, the length and the list of each
 * disk and archive, the configuration in the archive, and of a VM the two views. What several snapshots share is looked at once.
 */
export class ContentsChecker {
  readonly #check: ContentsCheck;
  readonly #lists = new Map<string, ListFacts | undefined>();
  readonly #views = new Map<string, string | undefined>();

  constructor(check: ContentsCheck) {
    this.#check = check;
  }

  /** Notes what is wrong. @returns the tar, when there is a whole one */
  async check(snapshot: Snapshot): Promise<StoredTar | undefined> {
    const { subject } = nameSnapshot(snapshot);
    if (subject.kind !== 'guest' && subject.kind !== 'node') return undefined;
    const note = (path: string, what: string) => this.#check.book.noteContents(snapshot.id, path, what);
    const [path, record] =
      subject.kind === 'guest'
        ? ([`/${subject.guest}`, 'pvebak.json'] as const)
        : ([`/node/${subject.node}`, 'pvebak-node.json'] as const);
    try {
      const folder = await SnapshotFolder.open(this.#check.source, snapshot.tree, path);
      if (folder === undefined) note(path, 'it is not there');
      else return await this.#checkFolder(folder, { snapshot: snapshot.id, record, note });
    } catch (error) {
      if (!(error instanceof NotedDamage)) throw error;
    }
    return undefined;
  }

  async #checkFolder(
    folder: SnapshotFolder,
    { snapshot, record, note }: { readonly snapshot: string; readonly record: string; readonly note: Note },
  ): Promise<StoredTar | undefined> {
    const json = await folder.small(record);
    const recorded = json === undefined ? 'it is not there' : parseRecordedFiles(json);
    if (typeof recorded === 'string') {
      note(`${folder.path}/${record}`, recorded);
      return undefined;
    }
    if (recorded.hasFiles && folder.subtree('rootfs') === undefined)
      note(`${folder.path}/rootfs`, 'it is not there');
    if (recorded.guest !== undefined && `/${recorded.guest}` !== folder.path)
      note(`${folder.path}/${record}`, `it is of ${recorded.guest}`);
    const disks = await this.#checkDisks(folder, recorded, note);
    const { name, sha256 } = recorded.archive;
    const path = `${folder.path}/archive/${name}`;
    const archive = await folder.file('archive', name);
    const wrong = await this.#listProblem(archive, recorded.archive);
    if (wrong !== undefined) note(path, wrong);
    if (archive === undefined || wrong !== undefined || disks === undefined) return undefined;
    if (!name.endsWith('.vma')) {
      const misses = await this.#configProblem(folder, archive);
      if (misses !== undefined) note(path, misses);
      return { snapshot, folder: folder.path, path, ...archive, sha256, rootfs: folder.subtree('rootfs') };
    }
    const config = await folder.small('qemu-server.conf');
    const differs = await this.#compareViews(archive, disks, config);
    if (differs !== undefined) note(path, differs);
    return undefined;
  }

  /** By name of device; undefined when one of them is wrong. */
  async #checkDisks(
    folder: SnapshotFolder,
    { disks }: RecordedFiles,
    note: Note,
  ): Promise<ReadonlyMap<string, FoundDisk> | undefined> {
    const found = new Map<string, FoundDisk>();
    for (const disk of disks) {
      const file = await folder.file(disk.device, `${disk.device}.raw`);
      const wrong = await this.#listProblem(file, disk);
      if (wrong !== undefined) note(`${folder.path}/${disk.device}/${disk.device}.raw`, wrong);
      else if (file !== undefined)
        found.set(disk.device, { ...disk, key: file.key, content: file.node.content });
    }
    return found.size === disks.length ? found : undefined;
  }

  async #listProblem(
    file: FoundFile | undefined,
    expected: { readonly size: number; readonly listDigest: string },
  ): Promise<string | undefined> {
    if (file === undefined) return 'it is not there';
    if (file.node.size !== expected.size)
      return `it has ${file.node.size} bytes, and ${expected.size} were backed up`;
    const { lengthOf, signal } = this.#check;
    const facts = this.#lists.has(file.key)
      ? this.#lists.get(file.key)
      : await listFacts(file.node, lengthOf, signal);
    this.#lists.set(file.key, facts);
    if (facts === undefined) throw new NotedDamage('a blob of it is in no index');
    if (facts.size !== expected.size)
      return `its blobs have ${facts.size} bytes, and ${expected.size} were backed up`;
    return facts.digest === expected.listDigest
      ? undefined
      : 'its list of blobs is not the one that was backed up';
  }

  /** Of a container. What is no tar is found when it is read. */
  async #configProblem(folder: SnapshotFolder, { node }: FoundFile): Promise<string | undefined> {
    if (!folder.path.startsWith('/lxc/')) return undefined;
    const config = await folder.small(CONTAINER_CONFIG);
    const beside = config && Buffer.from(config).toString('utf8');
    try {
      const { text } = await readConfigOfTar(this.#check.source, node);
      return text === beside ? undefined : `its ${CONTAINER_CONFIG} is not the one that stands beside it`;
    } catch (error) {
      if (error instanceof UserError && error.code === 'repository-damaged') return undefined;
      throw error;
    }
  }

  async #compareViews(
    archive: FoundFile,
    disks: ReadonlyMap<string, FoundDisk>,
    config: Uint8Array | undefined,
  ): Promise<string | undefined> {
    const parts = [...disks].map(([device, { key, chunkSize, size }]) => [device, key, chunkSize, size]);
    const known = JSON.stringify([archive.key, parts, Buffer.from(config ?? []).toString('base64')]);
    const differs = this.#views.has(known)
      ? this.#views.get(known)
      : await compareVma({ archive: archive.node.content, disks, config }, this.#check);
    this.#views.set(known, differs);
    return differs;
  }
}

const CONTAINER_CONFIG = 'pct.conf';

/** A record or a configuration; something larger under its name is none. */
const MOST_SMALL_BYTES = 16 << 20;

type Note = (path: string, what: string) => void;

interface FoundFile {
  readonly node: StoredNode;
  /** The same for the same file. */
  readonly key: string;
}

interface FoundDisk extends StoredDisk {
  readonly key: string;
}

/** The folder of a guest or a node in its snapshot. */
class SnapshotFolder {
  readonly path: string;
  readonly #source: BlobSource;
  readonly #nodes: ReadonlyMap<string, StoredNode>;

  static async open(source: BlobSource, root: BlobId, path: string): Promise<SnapshotFolder | undefined> {
    const subtree = (await findNode(source, root, path))?.subtree;
    return subtree === undefined
      ? undefined
      : new SnapshotFolder(source, path, await source.readTree(subtree));
  }

  private constructor(source: BlobSource, path: string, nodes: readonly StoredNode[]) {
    this.#source = source;
    this.path = path;
    this.#nodes = new Map(nodes.map((node) => [Buffer.from(node.name).toString('utf8'), node]));
  }

  subtree(name: string): BlobId | undefined {
    return this.#nodes.get(name)?.subtree;
  }

  async small(name: string): Promise<Uint8Array | undefined> {
    const node = this.#nodes.get(name);
    if (node?.type !== 'file' || node.size > MOST_SMALL_BYTES) return undefined;
    return readSmallFile(this.#source, node, MOST_SMALL_BYTES);
  }

  /** A file in a folder of this one. */
  async file(folder: string, name: string): Promise<FoundFile | undefined> {
    const subtree = this.subtree(folder);
    if (subtree === undefined) return undefined;
    const wanted = Buffer.from(name, 'utf8');
    const node = (await this.#source.readTree(subtree)).find((one) => sameBytes(one.name, wanted));
    return node?.type === 'file' ? { node, key: `${toHex(subtree)}/${name}` } : undefined;
  }
}
