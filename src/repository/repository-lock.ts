import { type LockContext, type LockKind, withLock } from './lock.ts';
import { thisProcess } from './lock-owner.ts';
import type { Repository } from './repository.ts';

/**
 * Holds this process's lock on a repository while `work` runs. The signal that it is lent is aborted when the lock is lost or
 * the caller's signal is.
 * @throws UserError `repository-locked`, and what `work` throws
 */
export function withRepositoryLock<T>(
  repository: Repository,
  { lock, signal }: { readonly lock: LockKind; readonly signal?: AbortSignal | undefined },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const worked = (lockSignal: AbortSignal) =>
    work(signal === undefined ? lockSignal : AbortSignal.any([signal, lockSignal]));
  return withLock(lockContext(repository), lock, worked, signal);
}

function lockContext({ backend, key, config, lockPatienceMs }: Repository): LockContext {
  return { backend, key, compress: config.version >= 2, owner: thisProcess(), patienceMs: lockPatienceMs };
}
