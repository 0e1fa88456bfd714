import type { Repository } from './repository.ts';
import { withRepositoryLock } from './repository-lock.ts';

/**
 * Removes snapshots; what only they referred to stays until the repository is pruned. One that is not there is no error.
 * @param ids 64 hex digits each
 * @param keep snapshots that are counted on: when one of them is not there, nothing is removed
 * @returns whether they were removed
 * @throws UserError `repository-write`; those before the one that failed are gone
 */
export type ForgetSnapshots = (ids: readonly string[], keep: readonly string[]) => Promise<boolean>;

/**
 * Holds an exclusive lock and lends the means to forget while `work` runs.
 * @throws UserError `repository-locked`, and what `work` throws
 */
export async function withForgetting<T>(
  repository: Repository,
  options: { readonly signal: AbortSignal },
  work: (forget: ForgetSnapshots) => Promise<T>,
): Promise<T> {
  const { backend } = repository;
  return withRepositoryLock(repository, { lock: 'exclusive', ...options }, (signal) =>
    work(async (ids, keep) => {
      const there = new Set(await backend.names('snapshots'));
      if (keep.some((id) => !there.has(id))) return false;
      for (const name of ids) {
        signal.throwIfAborted();
        await backend.remove({ type: 'snapshots', name });
      }
      return true;
    }),
  );
}
