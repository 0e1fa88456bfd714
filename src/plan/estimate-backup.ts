import type { Guest } from '../pve/inventory.ts';
import type { BackupHistory, GuestSnapshot } from './facts.ts';

/** What a dump is likely to take; what cannot be guessed is absent. */
export interface BackupEstimate {
  /** Bytes of disks, or of a container's archive. */
  readonly readBytes?: number;
  /** Of those, before compression, what the repository does not hold yet. */
  readonly newBytes?: number;
  readonly durationMs?: number;
}

/** How many of the line's newest backups are looked at. */
const REMEMBERED = 5;

/**
 * From what the last few backups of the line took. A VM's disks are read whole, so that their size is known without any;
 * of a container it is the most that there can be.
 * @param snapshots of the guest's line
 */
export function estimateBackup(guest: Guest, snapshots: readonly GuestSnapshot[]): BackupEstimate {
  const histories = lastHistories(snapshots);
  const sizes = guest.volumes.flatMap(({ bytes, leftOut }) => (leftOut === undefined ? (bytes ?? []) : []));
  const diskBytes = sizes.length === 0 ? undefined : sizes.reduce((sum, bytes) => sum + bytes, 0);
  const pastBytes = middle(
    histories.map(({ readBytes }) => readBytes),
    'larger',
  );
  const readBytes = guest.ref.type === 'qemu' ? (diskBytes ?? pastBytes) : (pastBytes ?? diskBytes);
  // The first backup of a line finds nothing stored: of two, the other one tells more.
  const newBytes = middle(
    histories.map((history) => history.newBytes),
    'smaller',
  );
  const durationMs = usualDurationMs(snapshots);
  return {
    ...(readBytes !== undefined && { readBytes }),
    ...(newBytes !== undefined && { newBytes }),
    ...(durationMs !== undefined && { durationMs }),
  };
}

/** How long a dump of the guest takes from its start to its end; undefined when no backup tells. */
export function usualDurationMs(snapshots: readonly GuestSnapshot[]): number | undefined {
  return middle(
    lastHistories(snapshots).map(({ durationMs }) => durationMs),
    'larger',
  );
}

function lastHistories(snapshots: readonly GuestSnapshot[]): readonly BackupHistory[] {
  return snapshots
    .filter(({ history }) => history !== undefined)
    .toSorted((a, b) => b.time - a.time)
    .slice(0, REMEMBERED)
    .flatMap(({ history }) => history ?? []);
}

/** @param ofTwo which one counts where two are in the middle */
function middle(values: readonly number[], ofTwo: 'smaller' | 'larger'): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  return sorted[ofTwo === 'smaller' ? Math.floor(last / 2) : Math.ceil(last / 2)];
}
