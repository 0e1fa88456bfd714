import { type Argv, guestCommand } from '../pve/commands.ts';
import { formatGuestRef, type GuestRef } from '../pve/guest.ts';
import { explainToolFailure } from '../pve/tool-failure.ts';
import { findLeftovers } from '../pve/wrapper/leftovers.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError, type UserErrorCode } from '../user-error.ts';
import { lookUpVmid } from './look-up-guest.ts';
import { stateAfterFailure, type TargetState } from './restore-state.ts';
import type { ToolEnded } from './restore-tool-run.ts';

export interface FailedRestore {
  readonly ended: ToolEnded;
  readonly argv: Argv;
  readonly target: GuestRef;
  /** The configuration that had the vmid before; undefined when it was free. */
  readonly before: string | undefined;
  readonly wasStopped: boolean;
  readonly dumpDir: string;
  /** Where the archive was put; undefined when it was streamed. */
  readonly stagedArchive: string | undefined;
  readonly shell: Shell;
  readonly signal: AbortSignal;
}

interface Cause {
  readonly code: UserErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** The error of a restore that failed after the target was touched: why, in which state it is, and what to type next. */
export async function restoreFailure(failed: FailedRestore): Promise<UserError> {
  const cause = causeOf(failed);
  const { state, next } = await stateOfTarget(failed);
  const hint = [cause.hint, next.length === 0 ? undefined : `next: ${next.join('; ')}`]
    .filter((text) => text !== undefined)
    .join('; ');
  return new UserError(cause.code, `${cause.message}; ${state}`, {
    ...(hint !== '' && { hint }),
    ...(failed.ended.brokenOff !== undefined && { cause: failed.ended.brokenOff.cause }),
  });
}

/** @throws what is no UserError: a bug */
function causeOf({ ended, argv, target, shell, signal }: FailedRestore): Cause {
  const { brokenOff, exit, stdout, stderr } = ended;
  if (signal.aborted)
    return { code: 'interrupted', message: `interrupted while restoring ${formatGuestRef(target)}` };
  if (exit.kind === 'lost')
    return { code: 'host-unreachable', message: `the connection to ${shell.where} was lost: ${exit.reason}` };
  if (brokenOff?.cause instanceof UserError) return brokenOff.cause;
  if (brokenOff !== undefined) throw brokenOff.cause;
  const tool = target.type === 'qemu' ? 'qmrestore' : 'pct';
  const { cause, hint } = explainToolFailure({ tool, argv, exit, stdout, stderr });
  const name = tool === 'pct' ? 'pct restore' : tool;
  return { code: 'restore-target', message: `${name} failed on ${shell.where}: ${cause}`, hint };
}

/** Never throws: a node that cannot be asked any more is a state as well. */
async function stateOfTarget(failed: FailedRestore): Promise<TargetState> {
  const { target, shell, dumpDir, stagedArchive } = failed;
  const name = formatGuestRef(target);
  try {
    const aborted = { guest: target, dumpDir, task: 'restore' as const };
    const found = await lookUpVmid(shell, target.vmid);
    const leftovers = await findLeftovers(shell, {
      ...aborted,
      ...(stagedArchive !== undefined && { stagedArchive }),
    });
    return stateAfterFailure({ ...failed, now: found?.config, leftovers });
  } catch {
    return {
      state: `in which state ${name} is could not be seen`,
      next: [`look on the node: ${guestCommand(target, 'config').join(' ')}`],
    };
  }
}
