import { toGuestSnapshot } from '../../plan/guest-snapshot.ts';
import { goesOnIn } from '../../plan/lines/join-lines.ts';
import { parseGuestRef } from '../../pve/guest.ts';
import type { LineId } from '../../pve/inventory.ts';
import { parseLineId } from '../../pve/line-id.ts';
import type { Snapshot } from '../../repository/snapshot-file.ts';
import { UserError } from '../../user-error.ts';
import {
  type ChosenSnapshot,
  chosen,
  heldSnapshots,
  reading,
  type SnapshotChoice,
} from '../browse-session.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { askRepository } from '../gather-facts.ts';
import { recordedSnapshot, saveMark } from '../save-mark.ts';
import type { Surroundings } from '../surroundings.ts';
import { count } from '../view/quantities.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

export interface AckOptions extends SnapshotChoice {
  readonly reason: string;
}

/** Says of all backups that a guest has now, also of those from before it moved, that somebody has looked at them. */
export async function ackCommand(options: AckOptions, surroundings: Surroundings): Promise<number> {
  const { snapshot: guest, reason, from } = options;
  const line = parseLineId(guest);
  if (parseGuestRef(guest) === undefined && line === undefined)
    throw new UserError('usage', `${guest} is no guest`, { hint: 'write qemu/101 or lxc/105, or a line' });
  const held = await heldSnapshots(options, surroundings);
  const newest =
    line === undefined ? chosen(held, { what: guest, guest: undefined, from }) : newestOfLine(held, line);
  const { adoptions = new Map() } = await askRepository(newest.open, surroundings.clock());
  const wholeLine = (snapshot: Snapshot) => {
    const own = toGuestSnapshot(snapshot)?.line;
    return own && goesOnIn(own, adoptions);
  };
  const snapshots = held
    .filter(({ repository }) => repository === newest.repository)
    .map(({ snapshot }) => snapshot)
    .filter((snapshot) => wholeLine(snapshot) === wholeLine(newest.snapshot));
  await reading(newest.open, surroundings, (session) =>
    saveMark(session, { kind: 'ack', snapshots: snapshots.map(recordedSnapshot), reason }, surroundings),
  );
  const what = count(snapshots.length, 'backup');
  surroundings.stdout.write(terminalSafe(`${guest}: ${what} acknowledged`));
  surroundings.stdout.write('\n');
  return EXIT_STATUS.done;
}

/** @param held oldest first. @throws UserError `snapshot-not-found` */
function newestOfLine(held: readonly ChosenSnapshot[], line: LineId): ChosenSnapshot {
  const newest = held.findLast(({ snapshot }) => toGuestSnapshot(snapshot)?.line === line);
  if (newest !== undefined) return newest;
  throw new UserError('snapshot-not-found', `there is no backup of line ${line}`);
}
