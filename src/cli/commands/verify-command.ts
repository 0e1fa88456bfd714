import { inspectSnapshots } from '../../repository/inspect-snapshots.ts';
import { withInspection } from '../../repository/inspection.ts';
import type { Repository } from '../../repository/repository.ts';
import { UserError } from '../../user-error.ts';
import { chooseSnapshots } from '../../verify/choose-snapshots.ts';
import { parseSubset, type WantedReading } from '../../verify/reading.ts';
import type { VerifyReport } from '../../verify/verify-report.ts';
import { EXIT_STATUS, exitStatusOfError } from '../exit-status.ts';
import { type FoundRepository, openSound } from '../open-sound.ts';
import type { RepositoryChoice } from '../repository-choice.ts';
import type { Surroundings } from '../surroundings.ts';
import { verifyAndRecord } from '../verify-and-record.ts';
import { chooseVerifyView, type VerifyView } from '../view/verify-view.ts';

export interface VerifyCommandOptions extends RepositoryChoice {
  /** Ids of snapshots or their beginnings; none for all. */
  readonly snapshots: readonly string[];
  readonly readData: boolean;
  /** `5%` or `3/20` */
  readonly readDataSubset: string | undefined;
  readonly json: boolean;
}

/** Verifies repositories, or the named snapshots in them, one after the other, and keeps each result in its repository. */
export async function verifyCommand(
  options: VerifyCommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  const wanted = wantedReading(options);
  const found = await openSound(options, surroundings);
  const chosen = await chooseIn(found, options.snapshots);
  const view = chooseVerifyView({ ...surroundings, json: options.json });
  let status: number = EXIT_STATUS.done;
  for (const one of found) {
    if (one.kind === 'shut') {
      view.shut(one.name, one.fault);
      status = worse(status, exitStatusOfError(one.fault.code));
    } else if (chosen === undefined || chosen.has(one.name)) {
      const task = { name: one.name, repository: one.repository, wanted, ids: chosen?.get(one.name) };
      const report = await verifyOne(task, view, surroundings);
      if (report.faults.length > 0) status = EXIT_STATUS.integrity;
    }
  }
  return status;
}

/** That something is damaged outweighs that something could not be read. */
function worse(one: number, other: number): number {
  return one === EXIT_STATUS.integrity ? one : other;
}

function wantedReading({ readData, readDataSubset }: VerifyCommandOptions): WantedReading {
  if (readDataSubset === undefined) return { kind: readData ? 'read-data' : 'structure' };
  if (readData)
    throw new UserError('usage', '--read-data and --read-data-subset exclude each other', {
      hint: 'leave one out',
    });
  const subset = parseSubset(readDataSubset);
  if (subset !== undefined) return subset;
  throw new UserError('usage', `--read-data-subset ${readDataSubset}: that is no share`, {
    hint: 'write 5%, or 3/20 for the third of 20 parts',
  });
}

/** @returns undefined when all is meant */
async function chooseIn(
  found: readonly FoundRepository[],
  ids: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>> | undefined> {
  if (ids.length === 0) return undefined;
  const open = found.filter((one) => one.kind === 'open');
  const listings = await Promise.all(
    open.map(async ({ name, repository }) => [name, await inspectSnapshots(repository)] as const),
  );
  return chooseSnapshots(new Map(listings), ids);
}

interface VerifyTask {
  readonly name: string;
  readonly repository: Repository;
  readonly wanted: WantedReading;
  readonly ids: ReadonlySet<string> | undefined;
}

async function verifyOne(
  task: VerifyTask,
  view: VerifyView,
  surroundings: Surroundings,
): Promise<VerifyReport> {
  const { signal } = surroundings;
  const showing = view.begin(task.name, task.repository.where);
  try {
    const report = await withInspection(task.repository, { signal }, (inspection) =>
      verifyAndRecord(inspection, { ...task, surroundings, onProgress: showing.progress }),
    );
    await showing.end(report);
    return report;
  } catch (error) {
    await showing.end(undefined);
    if (signal.aborted) throw new UserError('interrupted', 'interrupted: nothing was recorded');
    throw error;
  }
}
