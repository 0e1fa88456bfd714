import type { Argv } from '../pve/commands.ts';
import type { GuestRef } from '../pve/guest.ts';
import type { Shell } from '../transport/shell.ts';

/** What both ways of bringing an archive to the tool need. */
export interface Delivery {
  readonly shell: Shell;
  /** The guest that is restored into. */
  readonly target: GuestRef;
  /** @param archive `-`, or a path on the node */
  argv(archive: string): Argv;
  /** Whether something would be lost if the archive broke midway: then every blob is read before the target is touched. */
  readonly overwrites: boolean;
  /** The archive from its beginning. `proving` is a first reading of every blob, `sending` the one that counts. */
  archive(reading: 'proving' | 'sending'): AsyncIterable<Uint8Array>;
  /** Frees what nobody needs any longer of the archive's pieces: parts of them that were sent or looked at, in order. */
  free(bytes: Uint8Array): void;
  /**
   * Called once every blob was read that is to be read before, when the tool is about to be let loose; what it throws leaves
   * the target as it is.
   * @param archiveBytes how many there were; undefined when none was read, so that only a bound is known
   */
  beforeTouching(archiveBytes: number | undefined): Promise<void>;
  readonly onPercent: (percent: number) => void;
  readonly signal: AbortSignal;
}
