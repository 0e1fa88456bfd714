import { hostname } from 'node:os';
import type { PruneAction } from '../plan/plan.ts';
import { collectRecords } from '../records/collect-records.ts';
import { saveRecord } from '../records/save-record.ts';
import {
  type PruneProgress,
  type PruneReport,
  pruneRepository,
} from '../repository/prune/prune-repository.ts';
import { type Repository, withSession } from '../repository/repository.ts';
import { formatRfc3339 } from '../snapshot/rfc3339.ts';
import type { ApplyEvent, ItemOutcome } from './apply-event.ts';
import { failedOutcome } from './failed-outcome.ts';
import type { RunFacts } from './node-job.ts';
import { idOf, labelOf } from './planned-item.ts';
import type { ItemResult } from './run-plan.ts';

export interface PrunePorts {
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly facts: Pick<RunFacts, 'programVersion' | 'offsetMinutes'>;
  readonly emit: (event: ApplyEvent) => void;
  readonly signal: AbortSignal;
}

/** Prunes one repository after the other. */
export async function runPrunes(
  actions: readonly PruneAction[],
  ports: PrunePorts,
): Promise<readonly ItemResult[]> {
  const results: ItemResult[] = [];
  for (const action of actions) {
    const item = idOf(action);
    const label = labelOf(action);
    ports.emit({ kind: 'item-started', item, label });
    const outcome = await pruneOne(action, ports);
    ports.emit({ kind: 'item-ended', item, outcome });
    results.push({ item, label, outcome });
  }
  return results;
}

async function pruneOne(action: PruneAction, ports: PrunePorts): Promise<ItemOutcome> {
  const { repositories, facts, emit, signal } = ports;
  if (signal.aborted) return { kind: 'skipped', reason: 'interrupted before it began' };
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
  await collectRecords(repository, how);
  const report = await pruneRepository(repository, how);
  const time = formatRfc3339(started, facts.offsetMinutes);
  const { bytesAfter: bytes, unusedBytesLeft: unusedBytes } = report;
  await withSession(repository, { lock: 'shared', signal: options.signal }, (session) =>
    saveRecord(
      session,
      { kind: 'prune', bytes, unusedBytes },
      { time, hostname: hostname(), programVersion: facts.programVersion },
    ),
  );
  return report;
}
