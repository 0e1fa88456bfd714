import { expect, it } from 'vitest';
import type { Backend } from '../../src/repository/backend.ts';
import { withInspection } from '../../src/repository/inspection.ts';
import { type Repository, withSession } from '../../src/repository/repository.ts';
import { verifyRepository } from '../../src/verify/verify-repository.ts';
import { noise } from '../repository/noise.ts';
import { sampleRepository, saveFiles } from '../repository/sample-repository.ts';

function backUp(repository: Repository, seed: number): Promise<unknown> {
  const files = [{ name: 'file', blobs: [noise(100_000, seed)] }];
  return withSession(repository, { lock: 'shared', threads: 1 }, (session) =>
    saveFiles(session, files, { paths: ['/elsewhere'], tags: [] }),
  );
}

/** Somebody backs up once, right before or after files of a type are listed. */
function busy(
  backend: Backend,
  [when, type]: readonly ['before' | 'after', string],
  work: () => Promise<unknown>,
) {
  let isDone = false;
  const once = async (now: 'before' | 'after', listed: string) => {
    if (isDone || now !== when || listed !== type) return;
    isDone = true;
    await work();
  };
  const list: Backend['list'] = async (listed) => {
    await once('before', listed);
    const files = await backend.list(listed);
    await once('after', listed);
    return files;
  };
  return { ...backend, list };
}

it.each([
  ['before', 'snapshots', 2],
  ['after', 'snapshots', 1],
  ['before', 'index', 1],
  ['after', 'index', 1],
  ['after', 'data', 1],
] as const)(
  'a backup that ends %s the %s are listed is no damage: %d snapshots are whole',
  async (when, type, whole) => {
    const { repository } = await sampleRepository();
    await backUp(repository, 1);
    const backend = busy(repository.backend, [when, type], () => backUp(repository, 2));
    const { signal } = new AbortController();
    const report = await withInspection({ ...repository, backend }, { threads: 1, signal }, (inspection) =>
      verifyRepository(inspection, {
        ids: undefined,
        reading: { kind: 'read-data' },
        clock: Date.now,
        onProgress: () => undefined,
        recall: async () => undefined,
      }),
    );
    expect(report.faults).toEqual([]);
    expect(report.snapshots.map((snapshot) => snapshot.whole)).toEqual(
      Array.from({ length: whole }, () => true),
    );
  },
);
