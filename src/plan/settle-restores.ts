import type { RestoreIntent } from '../config/site.ts';
import type { Vmid } from '../pve/guest.ts';
import type { RestoreTarget } from './check-restore-target.ts';
import type { RestoreAction, RestoreAtRest } from './plan.ts';
import type { PlanNote } from './plan-note.ts';
import type { PlanProblem } from './plan-problem.ts';
import { guestKey } from './reached-hosts.ts';
import { RestoreRooms, type RoomWanted } from './restore-room.ts';

/** What one intent comes to, as if it were alone. */
export type RestoreOutcome =
  | {
      readonly action: RestoreAction;
      readonly claim: Claim;
      readonly room: RoomWanted;
      readonly notes: readonly PlanNote[];
    }
  /** With a claim when it will act later. */
  | { readonly atRest: RestoreAtRest; readonly claim?: Claim }
  | { readonly problems: readonly PlanProblem[] };

/** The place in a cluster that a restore will take. */
export interface Claim {
  readonly key: string;
  readonly intent: string;
  readonly vmid: Vmid;
}

export interface RestorePlan {
  readonly restores: readonly RestoreAction[];
  readonly atRest: readonly RestoreAtRest[];
  readonly problems: readonly PlanProblem[];
  readonly notes: readonly PlanNote[];
}

/** A vmid belongs to one guest, of whichever type. */
export function claimOf({ name, to: { vmid } }: RestoreIntent, { host }: RestoreTarget): Claim {
  return { key: guestKey(host.inventory, { type: 'qemu', vmid }), intent: name, vmid };
}

/**
 * Sorts the outcomes, each counted with those before it: of several restores to one vmid the first acts or waits, the others
 * are problems; so is one for which a storage has no room left.
 */
export function settleRestores(outcomes: readonly RestoreOutcome[]): RestorePlan {
  const claims = new Map<string, string>();
  const rooms = new RestoreRooms();
  const restores: RestoreAction[] = [];
  const atRest: RestoreAtRest[] = [];
  const problems: PlanProblem[] = [];
  const notes: PlanNote[] = [];
  for (const outcome of outcomes) {
    const claim = 'claim' in outcome ? outcome.claim : undefined;
    const by = claim && claims.get(claim.key);
    if (claim !== undefined && by === undefined) claims.set(claim.key, claim.intent);
    if (claim !== undefined && by !== undefined) problems.push(claimed(claim, by));
    else if ('problems' in outcome) problems.push(...outcome.problems);
    else if ('atRest' in outcome) atRest.push(outcome.atRest);
    else {
      const faults = rooms.take(outcome.room);
      problems.push(...faults);
      if (faults.length > 0) continue;
      restores.push(outcome.action);
      notes.push(...outcome.notes);
    }
  }
  return { restores, atRest, problems, notes: [...notes, ...rooms.promises()] };
}

function claimed({ intent, vmid }: Claim, by: string): PlanProblem {
  return { kind: 'restore-target-claimed', intent, by, vmid };
}
