import { guestCommand } from '../pve/commands.ts';
import { formatGuestRef, type GuestRef } from '../pve/guest.ts';
import type { Leftover } from '../pve/wrapper/leftovers.ts';

/** What was on the node before a restore that failed, and what is there now. */
export interface AfterFailure {
  readonly target: GuestRef;
  /** The configuration that had the vmid; undefined when it was free. */
  readonly before: string | undefined;
  readonly now: string | undefined;
  /** Whether the guest was running, and was stopped for the restore. */
  readonly wasStopped: boolean;
  readonly leftovers: readonly Leftover[];
}

export interface TargetState {
  /** `only a stub of qemu/901 is left, without disks` */
  readonly state: string;
  /** What to type on the node, or to do, in this order; may be empty. */
  readonly next: readonly string[];
}

/**
 * Which state a restore that failed has left its target in. qmrestore leaves a stub of a VM behind, pct restore nothing;
 * both remove what they replace before they have read it all.
 */
export function stateAfterFailure(after: AfterFailure): TargetState {
  const { state, next, done = [] } = stateOf(after);
  const cleaning = after.leftovers.filter(({ kind }) => !done.includes(kind));
  return { state, next: [...cleaning.map(({ command }) => typed(command)), ...next] };
}

interface Known extends TargetState {
  /** Leftovers that `next` deals with. */
  readonly done?: readonly Leftover['kind'][];
}

function stateOf(after: AfterFailure): Known {
  const { target, before, now, leftovers } = after;
  const name = formatGuestRef(target);
  if (leftovers.some(({ kind }) => kind === 'worker'))
    return {
      state: `the node goes on with ${name} by itself`,
      next: [`let it end, then look: ${typed(guestCommand(target, 'config'))}`],
      done: ['worker'],
    };
  if (now === undefined) return goneState(after);
  if (leftovers.some(({ kind }) => kind === 'stub')) return stubState(after);
  if (before !== undefined && now === before) return untouchedState(after);
  return {
    state: `${name} may hold neither its old nor its new state`,
    next: [`look: ${typed(guestCommand(target, 'config'))}`, 'restore again, with replacing allowed'],
  };
}

function goneState({ target, before }: AfterFailure): Known {
  const name = formatGuestRef(target);
  if (before === undefined)
    return { state: `nothing of ${name} is left on the node`, next: ['restore again'] };
  return {
    state: `${name} is gone: what was there was removed to be replaced`,
    next: ['restore again; the vmid is free'],
  };
}

function stubState({ target, before }: AfterFailure): Known {
  const name = formatGuestRef(target);
  const old = before === undefined ? '' : '; the disks that it had are gone';
  return {
    state: `only a stub of ${name} is left, without disks${old}`,
    next: [
      `${typed(guestCommand(target, 'destroy'))}, and restore again; or restore again with replacing allowed`,
    ],
    done: ['stub'],
  };
}

function untouchedState({ target, wasStopped }: AfterFailure): Known {
  const name = formatGuestRef(target);
  if (!wasStopped) return { state: `${name} is as it was before`, next: [] };
  return {
    state: `${name} is as it was before, but stopped`,
    next: [typed(guestCommand(target, 'start'))],
  };
}

function typed(command: readonly string[]): string {
  return command.join(' ');
}
