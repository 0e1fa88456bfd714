import type { PruneAction } from '../plan/plan.ts';
import { pruneWithRecords } from '../records/prune-with-records.ts';
import { saveRecord } from '../records/save-record.ts';
import type { PruneProgress, PruneReport } from '../repository/prune/prune-repository.ts';
import { type Repository, withSession } from '../repository/repository.ts';
import type { ApplyEvent, ItemOutcome } from './apply-event.ts';
import { failedOutcome } from './failed-outcome.ts';
import type { RunFacts } from './node-job.ts';
import { idOf } from './planned-item.ts';
import { recordFacts } from './record-facts.ts';
import { runEach } from './run-each.ts';
import type { ItemResult } from './run-plan.ts';

export interface PrunePorts {
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly facts: Pick<RunFacts, 'programVersion' | 'offsetMinutes'>;
  readonly emit: (event: ApplyEvent) => void;
  readonly signal: AbortSignal;
}

/** Prunes one repository after the other. */
export function runPrunes(
  actions: readonly PruneAction[],
  ports: PrunePorts,
): Promise<readonly ItemResult[]> {
  return runEach(actions, ports, (action) => pruneOne(action, ports));
}

async function pruneOne(action: PruneAction, ports: PrunePorts): Promise<ItemOutcome> {
  const { repositories, facts, emit, signal } = ports;
  const repository = repositories.get(action.repository);
  if (repository === undefined) throw new Error(`the repository ${action.repository} is not open`);
  const started = Date.now();
  try {
    const report = await pruneAndRecord(repository, {
      mostUnusedShare: action.mostUnusedShare,
      facts,
      signal,
      onProgress: ({ done, total }) =>
        emit({
          kind: 'item-progress',
          item: idOf(action),
          progress: {
            phase: 'pruning',
            doneBytes: done,
            totalBytes: total,
            streamBytes: 0,
            newBytes: undefined,
            elapsedMs: Date.now() - started,
          },
        }),
    });
    return { kind: 'pruned', report };
  } catch (error) {
    return failedOutcome(error, signal.aborted);
  }
}

/** Keeps in the repository that it was looked through. @throws what `pruneRepository` does */
async function pruneAndRecord(
  repository: Repository,
  options: {
    readonly mostUnusedShare: number;
    readonly facts: PrunePorts['facts'];
    readonly signal: AbortSignal;
    readonly onProgress?: (progress: PruneProgress) => void;
  },
): Promise<PruneReport> {
  const { facts, ...how } = options;
  const started = Date.now();
  const report = await pruneWithRecords(repository, how);
  const { bytesAfter: bytes, unusedBytesLeft: unusedBytes } = report;
  await withSession(repository, { lock: 'shared', signal: options.signal }, (session) =>
    saveRecord(session, { kind: 'prune', bytes, unusedBytes }, recordFacts(started, facts)),
  );
  return report;
}
