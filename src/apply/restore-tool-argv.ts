import { type Argv, type PctRestoreRequest, pctRestoreCommand, qmrestoreCommand } from '../pve/commands.ts';
import type { GuestType } from '../pve/guest.ts';
import type { RestoreDestination } from './restore-destination.ts';
import type { PlacementTold } from './restore-placement.ts';

export interface ToolRequest {
  readonly type: GuestType;
  /** `-`, or a path on the node. */
  readonly archive: string;
  readonly to: RestoreDestination;
  readonly told: PlacementTold;
  /** Also fine for a vmid that is free. */
  readonly force: boolean;
}

/**
 * The command that restores. Never with `--start`, which only some versions have: bridges and the template flag of a
 * container come first.
 */
export function restoreToolArgv({ type, archive, to, told, force }: ToolRequest): Argv {
  const { vmid, pool, unique, bwlimitKiB } = to;
  const common = {
    vmid,
    archive,
    ...(force && { force }),
    ...(unique && { unique }),
    ...(pool !== undefined && { pool }),
    ...(bwlimitKiB !== undefined && { bwlimitKiB }),
    ...(told.kind === 'one-storage' && told.storage !== undefined && { storage: told.storage }),
  };
  if (type === 'qemu') return qmrestoreCommand(common);
  return pctRestoreCommand({ ...common, ...containerOptions(archive, told) });
}

/** pct reads `unprivileged` out of a file itself; from stdin it does not, and then takes a container for privileged. */
function containerOptions(archive: string, told: PlacementTold): Partial<PctRestoreRequest> {
  if (told.kind !== 'volumes') return {};
  const { rootfs, mountPoints, unprivileged } = told.options;
  return { rootfs, mountPoints, ...(archive === '-' && unprivileged && { unprivileged }) };
}
