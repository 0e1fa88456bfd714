import type { BlobType } from '../repository/object-id.ts';

/** Something that is wrong in a repository. */
export type Fault =
  /** A key, an index or a snapshot: named as it lies there, `index/<64 digits>`. */
  | { readonly kind: 'file'; readonly file: string; readonly what: string }
  | {
      readonly kind: 'pack';
      /** `data/ab/<64 digits>` */
      readonly file: string;
      /** Of the file as a whole; empty when only blobs are damaged. */
      readonly whats: readonly string[];
      /** Those that were found damaged, or that lie in what is missing. */
      readonly blobs: readonly DamagedBlob[];
    }
  /** Blobs that trees name and no index does. */
  | { readonly kind: 'unindexed'; readonly blobs: readonly DamagedBlob[] }
  /** All blobs may be whole, and yet this is not what was backed up. */
  | {
      readonly kind: 'contents';
      readonly snapshot: string;
      /** In the snapshot: `/qemu/101/drive-scsi0/drive-scsi0.raw` */
      readonly path: string;
      readonly what: string;
    };

export interface DamagedBlob {
  readonly type: BlobType;
  /** 64 hex digits */
  readonly id: string;
  /** In its pack; undefined when no index names it. */
  readonly offset: number | undefined;
  readonly what: string;
}

/** A fault, and what can no longer be restored because of it. */
export interface TracedFault {
  readonly fault: Fault;
  readonly touches: readonly TouchedSnapshot[];
}

export interface TouchedSnapshot {
  /** Its id. */
  readonly snapshot: string;
  /** Files and folders in it, at most 20. */
  readonly paths: readonly string[];
  /** How many more there are. */
  readonly morePaths: number;
}
