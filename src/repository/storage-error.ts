import { UserError } from '../user-error.ts';

/**
 * The storage gave nothing: rights, a disk, a network. Whether what lies there is whole is not known, so this is no damage.
 * @param where a path; @param why the system's word for it, `EACCES`
 */
export function unreadable(where: string, why: string, cause?: unknown): UserError {
  return new UserError('repository-read', `cannot read ${where}: ${reasonText(why)}`, {
    hint: readHint(why),
    cause,
  });
}

/** @param free bytes that are free where it lies or should lie; undefined when that is not known */
export function unwritable(
  where: string,
  {
    deed,
    why,
    free,
  }: { readonly deed: 'write' | 'remove'; readonly why: string; readonly free: number | undefined },
  cause?: unknown,
): UserError {
  const room = free === undefined || !isFull(why) ? '' : `, ${(free / 2 ** 20).toFixed(1)} MiB are free`;
  return new UserError('repository-write', `cannot ${deed} ${where}: ${reasonText(why)}${room}`, {
    hint: `${deed === 'write' ? 'nothing that is not whole was kept; ' : ''}${writeHint(why)}, then run again`,
    cause,
  });
}

function isFull(why: string): boolean {
  return why === 'ENOSPC' || why === 'EDQUOT';
}

function reasonText(why: string): string {
  switch (why) {
    case 'EACCES':
    case 'EPERM':
      return `permission denied (${why})`;
    case 'EDQUOT':
      return 'the quota is used up (EDQUOT)';
    case 'EIO':
      return 'input/output error (EIO)';
    case 'EISDIR':
      return 'it is a folder (EISDIR)';
    case 'ENOSPC':
      return 'no space is left on the device (ENOSPC)';
    case 'EROFS':
      return 'the file system is read-only (EROFS)';
    default:
      return why;
  }
}

function readHint(why: string): string {
  switch (why) {
    case 'EACCES':
    case 'EPERM':
      return 'files of a repository belong to who made it: run as that user, or give the files to the one who runs this';
    case 'EIO':
      return 'the disk or what it hangs on has an error, see `dmesg`; `pvebak verify` says which files it touches';
    default:
      return 'look after the storage that the repository lies on, then run again';
  }
}

function writeHint(why: string): string {
  switch (why) {
    case 'EDQUOT':
    case 'ENOSPC':
      return 'make room (of all that frees some, `pvebak prune --max-unused 100%` needs least for itself)';
    case 'EACCES':
    case 'EPERM':
      return 'put right whose the repository is';
    default:
      return 'look after the storage that the repository lies on';
  }
}
