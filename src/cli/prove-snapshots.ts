import type { ProveSnapshots } from '../apply/run-verifies.ts';
import { withInspection } from '../repository/inspection.ts';
import type { VerifyReport } from '../verify/verify-report.ts';
import type { Surroundings } from './surroundings.ts';
import { verifyAndRecord } from './verify-and-record.ts';
import { faultText } from './verify-records.ts';

/** Verifies as `pvebak verify --read-data SNAPSHOT...` does, and records it likewise. */
export function proveSnapshots(surroundings: Surroundings): ProveSnapshots {
  return async (repository, ids, { signal, onProgress }) => {
    const began = surroundings.clock();
    const report = await withInspection(repository, { signal }, (inspection) =>
      verifyAndRecord(inspection, {
        wanted: { kind: 'read-data' },
        ids,
        surroundings,
        onProgress: ({ doneBytes, totalBytes }) =>
          onProgress({ doneBytes, totalBytes, elapsedMs: surroundings.clock() - began }),
      }),
    );
    return damageOf(report);
  };
}

function damageOf({ snapshots, faults }: VerifyReport): ReadonlyMap<string, string> {
  return new Map(
    snapshots
      .filter(({ whole }) => !whole)
      .map(({ name: { id } }) => {
        const first = faults.find(({ touches }) => touches.some(({ snapshot }) => snapshot === id));
        return [id, first === undefined ? 'it is not whole' : faultText(first.fault)];
      }),
  );
}
