import type { AdoptAction } from '../plan/lines/adopt-action.ts';
import { formatGuestRef } from '../pve/guest.ts';
import type { AdoptRecord } from '../records/record.ts';
import { saveRecord } from '../records/save-record.ts';
import type { RepositorySession } from '../repository/repository.ts';
import type { ApplyEvent } from './apply-event.ts';
import { failedOutcome } from './failed-outcome.ts';
import type { RunFacts } from './node-job.ts';
import { recordFacts } from './record-facts.ts';
import { runEach } from './run-each.ts';
import type { ItemResult } from './run-plan.ts';

export interface AdoptPorts {
  /** Of each repository, locked. */
  readonly sessions: ReadonlyMap<string, RepositorySession>;
  readonly facts: Pick<RunFacts, 'programVersion' | 'offsetMinutes'>;
  readonly emit: (event: ApplyEvent) => void;
  readonly signal: AbortSignal;
}

/** Keeps in the repositories that guests have moved, so that their history goes on whatever the site file says later. */
export function runAdopts(
  actions: readonly AdoptAction[],
  { sessions, facts, ...run }: AdoptPorts,
): Promise<readonly ItemResult[]> {
  return runEach(actions, run, async (action) => {
    const session = sessions.get(action.repository);
    if (session === undefined) throw new Error(`the repository ${action.repository} is not open`);
    try {
      await saveRecord(session, recordOf(action), recordFacts(Date.now(), facts));
      return { kind: 'adopted', snapshots: action.snapshots };
    } catch (error) {
      return failedOutcome(error, run.signal.aborted);
    }
  });
}

function recordOf({ from, hostId, guest, line }: AdoptAction): AdoptRecord {
  return {
    kind: 'adopt',
    from: { line: from.line, hostname: from.hostId, path: `/${formatGuestRef(from.guest)}` },
    to: { line, hostname: hostId, path: `/${formatGuestRef(guest.ref)}` },
    reason: 'moved, as the site file says',
  };
}
