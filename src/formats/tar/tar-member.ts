export type TarMemberType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'hard-link'
  | 'character-device'
  | 'block-device'
  | 'fifo'
  /** Anything else, such as a volume label; the type flag tells. */
  | 'other';

/** Seconds since 1970, rounded down, and the rest. */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** A stretch of a file that is stored; bytes. */
export interface TarRegion {
  readonly offset: number;
  readonly length: number;
}

/** How a file's data is stored. */
export type TarLayout =
  | { readonly kind: 'plain' }
  /** Only the regions, one after the other, ascending; what lies between is zero. Their map comes first. */
  | { readonly kind: 'sparse'; readonly regions: readonly TarRegion[] }
  /** The archive holds the data, but what is where in the file cannot be told. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** What the headers of a member say. Names are raw bytes, not checked: they may hold `..` or be no UTF-8. */
export interface TarMember {
  readonly rawName: Uint8Array;
  readonly type: TarMemberType;
  /** One character. */
  readonly typeFlag: string;
  /** Bytes stored in the archive, a sparse map included. */
  readonly size: number;
  /** Bytes of the file. */
  readonly realSize: number;
  readonly layout: TarLayout;
  /** Of a symlink or hard link, else empty. */
  readonly linkName: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: TarTime;
  readonly atime: TarTime | undefined;
  readonly ctime: TarTime | undefined;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /**
   * The pax records that are not used up above, such as `SCHILY.xattr.user.comment` and `SCHILY.acl.access`, with their
   * raw values. In the names of extended attributes GNU tar writes `=` as `%3D` and `%` as `%25`.
   */
  readonly records: ReadonlyMap<string, Uint8Array>;
}
