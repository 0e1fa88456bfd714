/**
 * Where a repository's files lie. Narrow on purpose: names and bytes, nothing of their meaning.
 * `test/repository/backend-contract.ts` is what each implementation must pass.
 */
export interface Backend {
  /** For messages: the folder's path, `s3:...`. */
  readonly where: string;
  /** Makes an empty repository's folders. */
  create(): Promise<void>;
  /** Those of `list`, at less cost. */
  names(type: ListedType): Promise<readonly string[]>;
  /**
   * Names and sizes; anything that is no name of this type is left out. A missing folder has none.
   * @throws UserError `repository-read`
   */
  list(type: ListedType): Promise<readonly StoredFile[]>;
  /**
   * Stores a whole file: afterwards it is durable under its name, or it is not there at all. The bytes are lent: they may be
   * gone once this has resolved.
   * @throws UserError `repository-write`
   */
  save(file: FileName, bytes: Uint8Array): Promise<void>;
  /**
   * Reads a whole file, or `length` bytes from `offset`. The bytes are handed over.
   * @throws UserError `repository-damaged` when it is missing or shorter, `repository-read` when the storage does not give it
   */
  load(
    file: FileName,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** Undefined when there is no such file. @throws UserError `repository-read` */
  loadIfPresent(file: FileName): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** A file that is not there is no error. */
  remove(file: FileName): Promise<void>;
  /**
   * Removes what is left of saves that were broken off.
   * @param before milliseconds since 1970: what was changed since may be a save under way
   * @returns how many bytes
   * @throws UserError `repository-write`
   */
  sweep(before: number): Promise<number>;
}

export type ListedType = 'keys' | 'data' | 'index' | 'snapshots' | 'locks';

export type FileName = { readonly type: ListedType; readonly name: string } | { readonly type: 'config' };

export interface StoredFile {
  /** 64 hex digits */
  readonly name: string;
  readonly size: number;
}
