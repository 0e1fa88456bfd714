import { toGuestSnapshot } from '../../plan/guest-snapshot.ts';
import { parseGuestRef } from '../../pve/guest.ts';
import { UserError } from '../../user-error.ts';
import { chosen, heldSnapshots, reading, type SnapshotChoice } from '../browse-session.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { recordedSnapshot, saveMark } from '../save-mark.ts';
import type { Surroundings } from '../surroundings.ts';
import { count } from '../view/quantities.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

export interface AckOptions extends SnapshotChoice {
  readonly reason: string;
}

/** Says of all backups that a guest has now that somebody has looked at them. */
export async function ackCommand(options: AckOptions, surroundings: Surroundings): Promise<number> {
  const { snapshot: guest, reason, from } = options;
  if (parseGuestRef(guest) === undefined)
    throw new UserError('usage', `${guest} is no guest`, { hint: 'write qemu/101 or lxc/105' });
  const held = await heldSnapshots(options, surroundings);
  const newest = chosen(held, { what: guest, guest: undefined, from });
  const line = toGuestSnapshot(newest.snapshot)?.line;
  const snapshots = held
    .filter(({ repository }) => repository === newest.repository)
    .map(({ snapshot }) => snapshot)
    .filter((snapshot) => toGuestSnapshot(snapshot)?.line === line);
  await reading(newest.open, surroundings, (session) =>
    saveMark(session, { kind: 'ack', snapshots: snapshots.map(recordedSnapshot), reason }, surroundings),
  );
  const what = count(snapshots.length, 'backup');
  surroundings.stdout.write(terminalSafe(`${guest}: ${what} acknowledged`));
  surroundings.stdout.write('\n');
  return EXIT_STATUS.done;
}
