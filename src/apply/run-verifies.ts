import type { VerifyAction } from '../plan/plan.ts';
import { formatGuestRef } from '../pve/guest.ts';
import type { Repository } from '../repository/repository.ts';
import { type ApplyEvent, type ItemOutcome, itemId } from './apply-event.ts';
import { failedOutcome } from './failed-outcome.ts';
import { idOf, labelOf } from './planned-item.ts';
import type { ItemResult } from './run-plan.ts';

/**
 * Reads all of some snapshots of a repository, proves them, and records the result there.
 * @returns of those that are damaged, by id, what is wrong first
 * @throws UserError when it can't be locked or read, or one of them is gone; the signal's reason
 */
export type ProveSnapshots = (
  repository: Repository,
  ids: ReadonlySet<string>,
  options: {
    readonly signal: AbortSignal;
    readonly onProgress: (progress: ProofProgress) => void;
  },
) => Promise<ReadonlyMap<string, string>>;

export interface ProofProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly elapsedMs: number;
}

export interface VerifyPorts {
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly prove: ProveSnapshots;
  readonly emit: (event: ApplyEvent) => void;
  readonly signal: AbortSignal;
}

/** Proves what the plan says, one repository after the other, all snapshots of one together. */
export async function runVerifies(
  actions: readonly VerifyAction[],
  before: readonly ItemResult[],
  ports: VerifyPorts,
): Promise<readonly ItemResult[]> {
  const results: ItemResult[] = [];
  const end = (action: VerifyAction, outcome: ItemOutcome) => {
    const item = idOf(action);
    ports.emit({ kind: 'item-ended', item, outcome });
    results.push({ item, label: labelOf(action), outcome });
  };
  for (const [name, group] of Map.groupBy(actions, (action) => action.repository)) {
    for (const action of group)
      ports.emit({ kind: 'item-started', item: idOf(action), label: labelOf(action) });
    const targets = new Map<VerifyAction, string>();
    for (const action of group) {
      const target = targetOf(action, before);
      if (ports.signal.aborted) end(action, { kind: 'skipped', reason: 'interrupted before it began' });
      else if (target === undefined) end(action, { kind: 'skipped', reason: NOT_MADE });
      else targets.set(action, target);
    }
    if (targets.size > 0) await proveIn(name, targets, ports, end);
  }
  return results;
}

const NOT_MADE = 'its backup was not made, so that there is nothing new to verify';

async function proveIn(
  name: string,
  targets: ReadonlyMap<VerifyAction, string>,
  { repositories, prove, emit, signal }: VerifyPorts,
  end: (action: VerifyAction, outcome: ItemOutcome) => void,
): Promise<void> {
  const repository = repositories.get(name);
  if (repository === undefined) throw new Error(`the repository ${name} is not open`);
  const items = [...targets.keys()].map(idOf);
  let elapsedMs = 0;
  try {
    const damaged = await prove(repository, new Set(targets.values()), {
      signal,
      onProgress: (proof) => {
        elapsedMs = Math.max(elapsedMs, proof.elapsedMs);
        const progress = { phase: 'verifying', streamBytes: 0, newBytes: undefined, ...proof } as const;
        for (const item of items) emit({ kind: 'item-progress', item, progress });
      },
    });
    for (const [action, snapshot] of targets)
      end(action, verdict(snapshot, damaged.get(snapshot), elapsedMs));
  } catch (error) {
    for (const action of targets.keys()) end(action, failedOutcome(error, signal.aborted));
  }
}

function verdict(snapshot: string, damage: string | undefined, elapsedMs: number): ItemOutcome {
  if (damage === undefined) return { kind: 'verified', snapshot, elapsedMs };
  return {
    kind: 'failed',
    code: 'repository-damaged',
    reason: `snapshot ${snapshot.slice(0, 8)} is damaged: ${damage}`,
    hint: `pvebak verify ${snapshot.slice(0, 8)} --read-data shows all of it; the next apply backs the guest up again`,
    left: [],
  };
}

/** @returns undefined when the backup was to be made first, and was not */
function targetOf(
  { snapshot, repository, host, guest }: VerifyAction,
  before: readonly ItemResult[],
): string | undefined {
  if (snapshot !== undefined) return snapshot.id;
  const item = itemId('backup', repository, host, formatGuestRef(guest.ref));
  const outcome = before.find((result) => result.item === item)?.outcome;
  if (outcome?.kind === 'already-backed-up') return outcome.snapshot;
  return outcome?.kind === 'backed-up' ? outcome.report.snapshot : undefined;
}
