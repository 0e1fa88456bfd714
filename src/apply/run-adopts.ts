import { hostname } from 'node:os';
import type { AdoptAction } from '../plan/lines/adopt-action.ts';
import { formatGuestRef } from '../pve/guest.ts';
import type { AdoptRecord } from '../records/record.ts';
import { saveRecord } from '../records/save-record.ts';
import type { RepositorySession } from '../repository/repository.ts';
import { formatRfc3339 } from '../snapshot/rfc3339.ts';
import type { ApplyEvent, ItemOutcome } from './apply-event.ts';
import { failedOutcome } from './failed-outcome.ts';
import type { RunFacts } from './node-job.ts';
import { idOf, labelOf } from './planned-item.ts';
import type { ItemResult } from './run-plan.ts';

export interface AdoptPorts {
  /** Of each repository, locked. */
  readonly sessions: ReadonlyMap<string, RepositorySession>;
  readonly facts: Pick<RunFacts, 'programVersion' | 'offsetMinutes'>;
  readonly emit: (event: ApplyEvent) => void;
  readonly signal: AbortSignal;
}

/** Keeps in the repositories that guests have moved, so that their history goes on whatever the site file says later. */
export async function runAdopts(
  actions: readonly AdoptAction[],
  ports: AdoptPorts,
): Promise<readonly ItemResult[]> {
  const results: ItemResult[] = [];
  for (const action of actions) {
    const [item, label] = [idOf(action), labelOf(action)];
    ports.emit({ kind: 'item-started', item, label });
    const outcome = await adopt(action, ports);
    ports.emit({ kind: 'item-ended', item, outcome });
    results.push({ item, label, outcome });
  }
  return results;
}

async function adopt(action: AdoptAction, { sessions, facts, signal }: AdoptPorts): Promise<ItemOutcome> {
  if (signal.aborted) return { kind: 'skipped', reason: 'interrupted before it began' };
  const session = sessions.get(action.repository);
  if (session === undefined) throw new Error(`the repository ${action.repository} is not open`);
  try {
    await saveRecord(session, recordOf(action), {
      time: formatRfc3339(Date.now(), facts.offsetMinutes),
      hostname: hostname(),
      programVersion: facts.programVersion,
    });
    return { kind: 'adopted', snapshots: action.snapshots };
  } catch (error) {
    return failedOutcome(error, signal.aborted);
  }
}

function recordOf({ from, hostId, guest, line }: AdoptAction): AdoptRecord {
  return {
    kind: 'adopt',
    from: { line: from.line, hostname: from.hostId, path: `/${formatGuestRef(from.guest)}` },
    to: { line, hostname: hostId, path: `/${formatGuestRef(guest.ref)}` },
    reason: 'moved, as the site file says',
  };
}
