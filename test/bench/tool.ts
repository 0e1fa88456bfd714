import type { NeededWork } from './processor-ceiling.ts';
import type { Measured } from './run-measured.ts';

/** A backup program with a repository of its own, as the bench drives it. */
export interface Tool {
  readonly name: string;
  /** Bytes of all files of its repository. */
  repositoryBytes(): number;
  /** Takes a stream in, as one more backup of the same guest. @throws when it fails */
  backup(stream: string): Promise<Run>;
  /** Writes the stream of the newest backup to a file. @throws when it fails */
  restore(file: string): Promise<Run>;
  /** Writes one file of a container's newest backup to a file; undefined when the program has no command for it. */
  oneFile(path: string, file: string): Promise<Run | undefined>;
}

export interface Run extends Measured {
  /** Seconds that the program itself says the stream took, start and plan left out; undefined when it does not say. */
  readonly inside?: number;
  /** Of a backup, what it had to do; undefined when the program does not say. */
  readonly work?: NeededWork;
}
