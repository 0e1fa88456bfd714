import { UserError } from '../user-error.ts';

/** A file of the repository that is not what it should be. */
export interface FileFault {
  /** `index/<64 digits>`, `keys/...`, `snapshots/...`, `data/ab/ab...`, `config` */
  readonly file: string;
  /** What is wrong with it: `the MAC is wrong`. */
  readonly what: string;
}

/** The damage that an error tells of. @throws the error itself when it tells of anything else */
export function faultOf(file: string, error: unknown): FileFault {
  if (!(error instanceof UserError) || error.code !== 'repository-damaged') throw error;
  const prefix = `${file}: `;
  return {
    file,
    what: error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message,
  };
}

/** Where a pack lies in a repository. */
export function packFile(pack: string): string {
  return `data/${pack.slice(0, 2)}/${pack}`;
}
