import type { TracedFault } from './fault.ts';
import type { Reading } from './reading.ts';
import type { SnapshotName } from './snapshot-name.ts';

/** What is under way, in this order. */
export type VerifyPhase = 'trees' | 'contents' | 'packs' | 'archives' | 'tracing';

export interface VerifyProgress {
  readonly phase: VerifyPhase;
  /** Trees, snapshots, packs or archives. */
  readonly done: number;
  /** Undefined where it is not known: trees are counted as they are found. */
  readonly total: number | undefined;
  /** Bytes read, of packs and archives. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Milliseconds in this phase. */
  readonly elapsedMs: number;
  /** How many files and contents were found damaged so far. */
  readonly faults: number;
}

/** What verifying one repository has shown. */
export interface VerifyReport {
  readonly scope: 'repository' | 'snapshots';
  readonly reading: Reading;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly ended: number;
  readonly counts: VerifyCounts;
  readonly faults: readonly TracedFault[];
  /** Those that were checked, oldest first; records are left out. */
  readonly snapshots: readonly SnapshotVerdict[];
}

export interface VerifyCounts {
  readonly keys: number;
  readonly indexes: number;
  /** Packs that had to be there. */
  readonly packs: number;
  readonly trees: number;
  readonly readPacks: number;
  readonly readBytes: number;
  readonly readBlobs: number;
  /** Packs that no readable index names: left by runs that were interrupted, or by an index that is damaged. */
  readonly unindexedPacks: number;
}

export interface SnapshotVerdict {
  readonly name: SnapshotName;
  /** No fault touches it. */
  readonly whole: boolean;
}
