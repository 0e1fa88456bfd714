import { guestCommand } from '../pve/commands.ts';
import { formatGuestRef } from '../pve/guest.ts';
import { capture } from '../transport/capture.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import type { RestoreDestination } from './restore-destination.ts';
import { restoreRoom } from './restore-room.ts';
import { isRunning, readTargetFacts } from './restore-target-facts.ts';
import { restoreTargetFaults, type TargetFault, type WantedOfTarget } from './restore-target-faults.ts';

export interface CheckedTarget {
  /** Configuration of the guest that will be overwritten; undefined when the vmid is free. */
  readonly before: string | undefined;
  readonly notes: readonly string[];
}

/** Looks at the node, and changes nothing. @throws UserError `restore-target` with all that stands against the restore */
export async function checkTarget(
  shell: Shell,
  { to, wanted }: { readonly to: RestoreDestination; readonly wanted: WantedOfTarget },
  signal: AbortSignal,
): Promise<CheckedTarget> {
  const facts = await readTargetFacts(shell, to, signal);
  const faults = restoreTargetFaults(facts, wanted);
  refuseFaults(faults);
  return { before: facts.found?.config, notes: restoreRoom(facts, wanted).notes };
}

/** @throws UserError `restore-target` with all of them, if there are any */
export function refuseFaults(faults: readonly TargetFault[]): void {
  if (faults.length === 0) return;
  throw new UserError('restore-target', faults.map(({ message }) => message).join('; '), {
    hint: [...new Set(faults.map(({ hint }) => hint))].join('; '),
  });
}

/**
 * Stops the guest that is to be overwritten. `pct stop` fails for a container that does not run.
 * @returns whether it was running. @throws UserError `restore-target`; nothing was overwritten then
 */
export async function stopTarget(
  shell: Shell,
  { target }: WantedOfTarget,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await isRunning(shell, target, signal))) return false;
  const command = guestCommand(target, 'stop');
  const { stderr, exit } = await capture(shell, command, { signal, timeoutMs: STOP_TIMEOUT_MS });
  if (exit.kind === 'status' && exit.status === 0) return true;
  throw new UserError('restore-target', `cannot stop ${formatGuestRef(target)}: ${stderr.trim()}`, {
    hint: `nothing was overwritten; next: ${command.join(' ')}`,
  });
}

const STOP_TIMEOUT_MS = 300_000;
