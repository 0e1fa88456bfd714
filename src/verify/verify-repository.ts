import type { Inspection } from '../repository/inspection.ts';
import { readKeys } from '../repository/key-ring.ts';
import { type BlobId, type FileId, toHex } from '../repository/object-id.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import { UserError } from '../user-error.ts';
import { ContentsChecker, type StoredTar } from './check-contents.ts';
import { checkTar, type TarFault } from './check-tar.ts';
import type { Fault, TouchedSnapshot, TracedFault } from './fault.ts';
import { FaultBook } from './fault-book.ts';
import { type FoundPacks, findPacks, type Wanted, wantedBlobs } from './find-packs.ts';
import { NotedDamage, ProvingSource } from './proving-source.ts';
import { readPacks } from './read-packs.ts';
import { isRead, type Reading } from './reading.ts';
import { nameSnapshot, type SnapshotName } from './snapshot-name.ts';
import { FaultTracer } from './trace-faults.ts';
import type {
  SnapshotVerdict,
  VerifyCounts,
  VerifyPhase,
  VerifyProgress,
  VerifyReport,
} from './verify-report.ts';
import { type WalkedTrees, walkTrees } from './walk-trees.ts';

export interface VerifyOptions {
  /** Ids of the snapshots that count; undefined for all, and all packs. */
  readonly ids: ReadonlySet<string> | undefined;
  readonly reading: Reading;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly onProgress: (progress: VerifyProgress) => void;
  /** What a snapshot was of whose file cannot be read any more; undefined when nobody knows. */
  readonly recall: (id: string) => Promise<SnapshotName | undefined>;
}

/**
 * Proves a repository, or some of its snapshots. Damage of one thing does not keep the others from being looked at.
 * @throws UserError `snapshot-not-found` when one of them has been forgotten meanwhile; the signal's reason
 */
export async function verifyRepository(
  inspection: Inspection,
  options: VerifyOptions,
): Promise<VerifyReport> {
  return new Verification(inspection, options).run();
}

class Verification {
  readonly #inspection: Inspection;
  readonly #options: VerifyOptions;
  readonly #book: FaultBook;
  readonly #source: ProvingSource;
  readonly #read = { packs: 0, bytes: 0, blobs: 0 };
  #phaseBegan = 0;

  constructor(inspection: Inspection, options: VerifyOptions) {
    const { index } = inspection.indexes;
    this.#inspection = inspection;
    this.#options = options;
    this.#book = new FaultBook(index);
    this.#source = new ProvingSource(inspection.reader, index, this.#book);
  }

  async run(): Promise<VerifyReport> {
    const { ids, reading, clock } = this.#options;
    const started = clock();
    const keys = await this.#checkKeys();
    for (const fault of this.#inspection.indexes.faults) this.#book.noteFile(fault);
    const { snapshots, lost } = await this.#openSnapshots();
    const walked = await this.#walk(snapshots);
    const chosen = ids === undefined ? undefined : walked;
    const wanted = wantedBlobs(chosen);
    const needed = chosen === undefined ? undefined : this.#packsOf(chosen);
    const packs = await findPacks(this.#inspection, this.#book, { needed, wanted });
    const tars = await this.#checkContents(snapshots);
    await this.#readPacks(packs, wanted);
    if (reading.kind === 'read-data') await this.#readTars(tars);
    const faults = await this.#trace(snapshots, lost);
    const counts: VerifyCounts = {
      keys,
      indexes: this.#inspection.indexes.files.length,
      packs: packs.indexed,
      trees: walked.trees.size,
      readPacks: this.#read.packs,
      readBytes: this.#read.bytes,
      readBlobs: this.#read.blobs,
      unindexedPacks: packs.unindexed.length,
    };
    const scope = ids === undefined ? 'repository' : 'snapshots';
    const verdicts = verdictsOf(snapshots, lost, faults);
    return { scope, reading, started, ended: clock(), counts, faults, snapshots: verdicts };
  }

  async #checkKeys(): Promise<number> {
    const keys = await readKeys(this.#inspection.repository);
    for (const key of keys) {
      if (key.kind === 'damaged') this.#book.noteFile({ file: `keys/${key.id}`, what: key.reason });
    }
    return keys.length;
  }

  async #openSnapshots(): Promise<{ snapshots: readonly Snapshot[]; lost: readonly SnapshotName[] }> {
    const { ids, recall } = this.#options;
    const { snapshots, faults } = this.#inspection.snapshots;
    const known = new Set([...snapshots, ...faults].map(({ id }) => id));
    const gone = [...(ids ?? [])].find((id) => !known.has(id));
    if (gone !== undefined)
      throw new UserError('snapshot-not-found', `somebody has just forgotten the snapshot ${gone}`);
    const lost: SnapshotName[] = [];
    for (const fault of faults) {
      if (ids !== undefined && !ids.has(fault.id)) continue;
      this.#book.noteFile(fault);
      const unknown: SnapshotName = {
        id: fault.id,
        time: undefined,
        hostname: '',
        subject: { kind: 'unreadable' },
      };
      lost.push((await recall(fault.id)) ?? unknown);
    }
    return { snapshots: snapshots.filter(({ id }) => ids === undefined || ids.has(id)), lost };
  }

  #walk(snapshots: readonly Snapshot[]): Promise<WalkedTrees> {
    this.#begin();
    return walkTrees(
      snapshots.map(({ tree }) => tree),
      {
        source: this.#source,
        lengthOf: this.#lengthOf,
        book: this.#book,
        collectData: this.#options.ids !== undefined,
        onTrees: (done) => this.#tell('trees', { done, total: undefined }),
        signal: this.#inspection.signal,
      },
    );
  }

  readonly #lengthOf = (id: BlobId) => this.#inspection.reader.lengthOf('data', id);

  #packsOf({ trees, data }: WalkedTrees): ReadonlySet<FileId> {
    const { index } = this.#inspection.indexes;
    const packs = new Set<FileId>();
    for (const [type, ids] of [['tree', trees] as const, ['data', data ?? []] as const])
      for (const id of ids) {
        const place = index.find(id, type);
        if (place !== undefined) packs.add(place.pack);
      }
    return packs;
  }

  /** @returns the tars that are to be read from end to end */
  async #checkContents(snapshots: readonly Snapshot[]): Promise<readonly StoredTar[]> {
    this.#begin();
    const { signal } = this.#inspection;
    const checker = new ContentsChecker({
      source: this.#source,
      lengthOf: this.#lengthOf,
      book: this.#book,
      signal,
    });
    const tars: StoredTar[] = [];
    for (const [done, snapshot] of snapshots.entries()) {
      signal.throwIfAborted();
      this.#tell('contents', { done, total: snapshots.length });
      const tar = await checker.check(snapshot);
      if (tar !== undefined) tars.push(tar);
    }
    return tars;
  }

  async #readPacks({ sizes, unindexed }: FoundPacks, wanted: Wanted): Promise<void> {
    const { ids, reading } = this.#options;
    this.#begin();
    const read = new Map([...sizes].filter(([pack]) => isRead(pack, reading)));
    if (read.size === 0) return;
    const total = read.size;
    const totalBytes = read.values().reduce((sum, size) => sum + size, 0);
    this.#tell('packs', { done: 0, total, totalBytes });
    await readPacks(this.#inspection, {
      book: this.#book,
      sizes: read,
      unindexed: ids === undefined ? unindexed : [],
      wanted,
      onPack: ({ bytes, blobs }) => {
        this.#read.packs += 1;
        this.#read.bytes += bytes;
        this.#read.blobs += blobs;
        const { packs: done, bytes: doneBytes } = this.#read;
        this.#tell('packs', { done, total, doneBytes, totalBytes });
      },
    });
  }

  /** Equal ones are read once. */
  async #readTars(tars: readonly StoredTar[]): Promise<void> {
    this.#begin();
    const distinct = Map.groupBy(tars, ({ key, sha256, rootfs }) =>
      [key, sha256, rootfs === undefined ? '' : toHex(rootfs)].join(' '),
    );
    const totalBytes = distinct.values().reduce((sum, [tar]) => sum + (tar?.node.size ?? 0), 0);
    let doneBytes = 0;
    for (const [done, same] of [...distinct.values()].entries()) {
      const [first] = same;
      if (first === undefined) continue;
      const onRead = (bytes: number) => {
        doneBytes += bytes;
        this.#tell('archives', { done, total: distinct.size, doneBytes, totalBytes });
      };
      for (const fault of await this.#readTar(first, onRead))
        for (const { snapshot, folder, path } of same) {
          const place = fault.kind === 'archive' ? path : `${folder}/rootfs${fault.path}`;
          this.#book.noteContents(snapshot, place, fault.what);
        }
    }
  }

  async #readTar(
    { node, sha256, rootfs }: StoredTar,
    onRead: (bytes: number) => void,
  ): Promise<readonly TarFault[]> {
    const { signal } = this.#inspection;
    try {
      return await checkTar(node, { source: this.#source, sha256, rootfs, onRead, signal });
    } catch (error) {
      if (error instanceof NotedDamage) return [];
      throw error;
    }
  }

  async #trace(
    snapshots: readonly Snapshot[],
    lost: readonly SnapshotName[],
  ): Promise<readonly TracedFault[]> {
    this.#begin();
    const faults = this.#book.faults();
    const touches = faults.map((fault): TouchedSnapshot[] => touchedAtOnce(fault, lost));
    if (faults.length === 0) return [];
    const tracer = new FaultTracer(this.#source, this.#book, this.#inspection.signal);
    for (const [done, snapshot] of snapshots.entries()) {
      this.#tell('tracing', { done, total: snapshots.length });
      for (const [place, { paths, count }] of await tracer.trace(snapshot.tree))
        touches[place]?.push({ snapshot: snapshot.id, paths, morePaths: count - paths.length });
    }
    const unindexed = touches[faults.findIndex(({ kind }) => kind === 'unindexed')] ?? [];
    return faults.map((fault, place) => ({
      fault,
      touches: isIndex(fault) ? unindexed : (touches[place] ?? []),
    }));
  }

  #begin(): void {
    this.#phaseBegan = this.#options.clock();
  }

  #tell(
    phase: VerifyPhase,
    progress: Pick<VerifyProgress, 'done' | 'total'> & Partial<VerifyProgress>,
  ): void {
    const elapsedMs = this.#options.clock() - this.#phaseBegan;
    this.#options.onProgress({
      doneBytes: 0,
      totalBytes: 0,
      ...progress,
      phase,
      elapsedMs,
      faults: this.#book.count,
    });
  }
}

/** Of a snapshot's own file, and of what its contents are, it is known without a search. */
function touchedAtOnce(fault: Fault, lost: readonly SnapshotName[]): TouchedSnapshot[] {
  switch (fault.kind) {
    case 'contents':
      return [{ snapshot: fault.snapshot, paths: [fault.path], morePaths: 0 }];
    case 'file':
      return lost
        .filter(({ id }) => fault.file === `snapshots/${id}`)
        .map(({ id }) => ({ snapshot: id, paths: [], morePaths: 0 }));
    case 'pack':
    case 'unindexed':
      return [];
  }
}

/** Blobs that no index names are those of an index that cannot be read, where there is one. */
function isIndex(fault: Fault): boolean {
  return fault.kind === 'file' && fault.file.startsWith('index/');
}

function verdictsOf(
  snapshots: readonly Snapshot[],
  lost: readonly SnapshotName[],
  faults: readonly TracedFault[],
): readonly SnapshotVerdict[] {
  const touched = new Set(faults.flatMap(({ touches }) => touches.map(({ snapshot }) => snapshot)));
  const names = [...lost, ...snapshots.map(nameSnapshot)].filter(({ subject }) => subject.kind !== 'record');
  return names.map((name) => ({ name, whole: !touched.has(name.id) }));
}
