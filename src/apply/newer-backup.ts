import type { Snapshot } from '../repository/snapshot-file.ts';

/** What a planned backup took for granted. */
export interface PlannedFrom {
  /** The snapshots of the guest's line that were known when it was planned, by all their ids. */
  readonly known: readonly string[];
  /** Of the newest of them that counts, milliseconds since 1970; undefined when there was none. */
  readonly newestAt: number | undefined;
  /** The run that asks. */
  readonly run: string;
}

/**
 * Whether another run has backed the guest up since it was planned. A snapshot that restic has rewritten is not new, nor is
 * one that was copied into the repository and is older than what was known.
 * @param snapshots of the guest's line, as they are now
 */
export function newerBackup(
  snapshots: readonly Snapshot[],
  { known, newestAt = Number.NEGATIVE_INFINITY, run }: PlannedFrom,
): Snapshot | undefined {
  const before = new Set(known);
  return snapshots.find(
    ({ id, original, tags, time }) =>
      !before.has(id) &&
      !(original !== undefined && before.has(original)) &&
      tags.includes('pvebak') &&
      !tags.includes(`run=${run}`) &&
      Date.parse(time) > newestAt,
  );
}
