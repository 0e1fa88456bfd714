import { UserError } from '../user-error.ts';

/** A file of the repository that is not what it should be. */
export interface FileFault {
  /** `index/<64 digits>`, `keys/...`, `snapshots/...`, `data/ab/ab...`, `config` */
  readonly file: string;
  /** What is wrong with it: `the MAC is wrong`. */
  readonly what: string;
}

/** Whether an error says that a file is damaged, or that the storage does not give it: nothing else has to stop for that. */
export function isFileFault(error: unknown): error is UserError {
  return (
    error instanceof UserError && (error.code === 'repository-damaged' || error.code === 'repository-read')
  );
}

/** What an error says of a file. @throws the error itself when it tells of anything else than a file that is no good */
export function faultOf(file: string, error: unknown): FileFault {
  if (!isFileFault(error)) throw error;
  return { file, what: error.code === 'repository-read' ? unreadableText(error) : withoutPlace(error, file) };
}

function unreadableText({ message }: UserError): string {
  return `it cannot be read: ${message.slice(message.lastIndexOf(': ') + 2)}`;
}

function withoutPlace({ message }: UserError, file: string): string {
  const prefix = `${file}: `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/** Where a pack lies in a repository. */
export function packFile(pack: string): string {
  return `data/${pack.slice(0, 2)}/${pack}`;
}
