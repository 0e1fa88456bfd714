import { recordFacts } from '../apply/record-facts.ts';
import { saveRecord } from '../records/save-record.ts';
import type { Inspection } from '../repository/inspection.ts';
import { settleReading, type WantedReading } from '../verify/reading.ts';
import type { VerifyProgress, VerifyReport } from '../verify/verify-report.ts';
import { verifyRepository } from '../verify/verify-repository.ts';
import type { Surroundings } from './surroundings.ts';
import { lastPart, recallSnapshot, toVerifyRecord } from './verify-records.ts';

export interface VerifyQuestion {
  readonly wanted: WantedReading;
  /** Undefined for all. */
  readonly ids: ReadonlySet<string> | undefined;
  readonly surroundings: Surroundings;
  readonly onProgress: (progress: VerifyProgress) => void;
}

/** Verifies a repository, or some of its snapshots, and keeps the result in it. @throws what `verifyRepository` does */
export async function verifyAndRecord(
  inspection: Inspection,
  { wanted, ids, surroundings, onProgress }: VerifyQuestion,
): Promise<VerifyReport> {
  const { clock } = surroundings;
  const { reader } = inspection;
  const { snapshots } = inspection.snapshots;
  const last =
    wanted.kind === 'next-part' ? await lastPart(reader, snapshots, { of: wanted.of, ids }) : undefined;
  const report = await verifyRepository(inspection, {
    ids,
    reading: settleReading(wanted, last),
    clock,
    onProgress,
    recall: (id) => recallSnapshot(reader, snapshots, id),
  });
  const facts = recordFacts(report.started, surroundings);
  await saveRecord(inspection, toVerifyRecord(report, facts.hostname), facts);
  return report;
}
