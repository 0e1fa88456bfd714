import { withLock } from './lock.ts';
import { thisProcess } from './lock-owner.ts';
import type { FileId } from './object-id.ts';
import type { Repository } from './repository.ts';

/**
 * Removes snapshots, under an exclusive lock; what only they referred to stays until the repository is pruned. One that is
 * not there is no error.
 * @throws UserError `repository-locked`, `repository-write`; those before the one that failed are gone
 */
export async function forgetSnapshots(
  repository: Repository,
  ids: readonly FileId[],
  options: { readonly onForgotten?: (id: FileId) => void; readonly signal: AbortSignal },
): Promise<void> {
  const { backend, key, config } = repository;
  const compress = config.version >= 2;
  await withLock({ backend, key, compress, owner: thisProcess() }, 'exclusive', async (lockSignal) => {
    const signal = AbortSignal.any([options.signal, lockSignal]);
    for (const name of ids) {
      signal.throwIfAborted();
      await backend.remove({ type: 'snapshots', name });
      options.onForgotten?.(name);
    }
  });
}
