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
  /** The archive from its beginning. `proving` is the first reading of every blob, `sending` the second. */
  archive(reading: 'proving' | 'sending'): AsyncIterable<Uint8Array>;
  /**
   * Called once every blob was read, before the tool is let loose; what it throws leaves the target as it is.
   * @param archiveBytes how many there were
   */
  beforeTouching(archiveBytes: number): Promise<void>;
  readonly onPercent: (percent: number) => void;
  readonly signal: AbortSignal;
}
