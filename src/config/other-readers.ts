/** Of a file or folder, as stat(2) has it. */
export interface ModeFacts {
  /** The permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface PathFacts {
  readonly file: ModeFacts;
  /** All that it is in, links resolved. */
  readonly folders: readonly ModeFacts[];
}

const READ = 4;
const SEARCH = 1;

/**
 * Who can read a file, beside its owner and root: it takes the right to read it, and to search every folder on the way. Root's
 * group counts for root, and a group with the number of the owner for the owner's own, as useradd makes them. ACLs are not
 * looked at.
 */
export function otherReaders({ file, folders }: PathFacts): 'everyone' | 'group' | undefined {
  const open = (right: number) => (facts: ModeFacts) => (facts.mode & right) !== 0;
  if (open(READ)(file) && folders.every(open(SEARCH))) return 'everyone';
  const isPrivate = file.gid === 0 || file.gid === file.uid;
  if (isPrivate || !open(READ << 3)(file)) return undefined;
  const mayPass = (folder: ModeFacts) =>
    folder.gid === file.gid ? open(SEARCH << 3)(folder) : open(SEARCH)(folder);
  return folders.every(mayPass) ? 'group' : undefined;
}
