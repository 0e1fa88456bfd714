import type { SavedBlob } from './blob-writer.ts';
import type { BlobId, BlobType } from './object-id.ts';
import type { Snapshot, SnapshotFacts } from './snapshot-file.ts';
import type { StoredNode } from './tree-parser.ts';

/** A repository as a pipeline sees it, locked and indexed by somebody else: it can be lent to another thread. */
export interface Store {
  /** For messages: the folder or the bucket. */
  readonly where: string;
  readonly reader: BlobSource & BlobFiller;
  readonly writer: BlobSaver;
  /** Aborted when the lock is lost or the work is to end. */
  readonly signal: AbortSignal;
  /** @throws UserError `snapshot-not-found`, `repository-damaged` */
  readSnapshot(id: string): Promise<Snapshot>;
  /** The snapshots that bear the tag, as they are now. @throws UserError `repository-damaged` */
  taggedSnapshots(tag: string): Promise<readonly Snapshot[]>;
  /** Stores a snapshot, after everything saved before is durable. */
  saveSnapshot(facts: SnapshotFacts): Promise<Snapshot>;
}

/** Reads blobs; each is checked against its id before it is given out. */
export interface BlobSource {
  /** @throws UserError `repository-damaged` naming blob and pack */
  read(type: BlobType, id: BlobId): Promise<Uint8Array<ArrayBuffer>>;
  /** @throws UserError `repository-damaged` naming blob and pack */
  readTree(id: BlobId): Promise<readonly StoredNode[]>;
}

/** Reads blobs into memory of whoever asks. */
export interface BlobFiller {
  /**
   * Reads data blobs, one after the other, as many as there is room for: those that lie beside each other are read together. The
   * memory is lent until this settles.
   * @returns how long each is; none when there is no room for the first
   * @throws Error when one of them cannot be read: `read` tells which, and why
   */
  readInto(ids: readonly BlobId[], memory: SharedArrayBuffer): Promise<readonly number[]>;
}

/** Saves blobs, each once. After a failure every later call fails with the first cause. */
export interface BlobSaver {
  /**
   * Awaiting this is the back-pressure; `done` is awaited for what became of the blob. The bytes are handed over; shared memory is
   * lent, until `done` has resolved.
   */
  start(type: BlobType, bytes: Uint8Array): Promise<{ readonly done: Promise<SavedBlob> }>;
  /**
   * The same for many small blobs at once, in the order given. They may be views of one buffer, which is handed over whole;
   * nothing else may be in use of it.
   */
  startMany(
    type: BlobType,
    blobs: readonly Uint8Array[],
  ): Promise<{ readonly done: Promise<readonly SavedBlob[]> }>;
  /** `start`, and its end. */
  save(type: BlobType, bytes: Uint8Array): Promise<SavedBlob>;
  /** A data blob of so many zeros. */
  saveZeros(length: number): Promise<SavedBlob>;
  /** A blob too large to be handed over whole: `make` is called only if it is not there. */
  saveLarge(
    type: BlobType,
    blob: { readonly id: BlobId; readonly length: number },
    make: (compress: boolean) => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<SavedBlob>;
}
