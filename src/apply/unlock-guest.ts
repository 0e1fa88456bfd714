import { guestCommand } from '../pve/commands.ts';
import { formatGuestRef, type GuestRef } from '../pve/guest.ts';
import { type Aborted, findLeftovers } from '../pve/wrapper/leftovers.ts';
import { capture } from '../transport/capture.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';

/**
 * Takes from a guest the lock that a backup has left, unless a task on its node works on it. A guest that is not locked any
 * more is left as it is.
 * @throws UserError `guest` when something works on it, or may; `command-failed`, `host-unreachable`
 */
export async function unlockGuest(
  shell: Shell,
  { guest, dumpDir }: { readonly guest: GuestRef; readonly dumpDir: string },
  signal: AbortSignal,
): Promise<void> {
  const aborted: Aborted = { guest, dumpDir, task: 'dump' };
  const left = await findLeftovers(shell, aborted, { signal });
  const worker = left.find(({ kind }) => kind === 'worker');
  if (worker !== undefined)
    throw new UserError('guest', `${formatGuestRef(guest)} is not unlocked: ${worker.what} works on it`, {
      hint: 'wait until it has ended',
    });
  if (!left.some(({ kind, what }) => kind === 'lock' && what === 'backup')) return;
  const argv = guestCommand(guest, 'unlock');
  const { stderr, exit } = await capture(shell, argv, { signal });
  if (exit.kind !== 'status' || exit.status !== 0)
    throw new UserError('command-failed', `${argv.join(' ')} on ${shell.where} failed: ${stderr.trim()}`);
}
