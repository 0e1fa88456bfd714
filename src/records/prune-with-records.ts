import {
  type PruneOptions,
  type PruneReport,
  pruneRepository,
} from '../repository/prune/prune-repository.ts';
import type { Repository } from '../repository/repository.ts';
import { collectRecords } from './collect-records.ts';

/** Prunes a repository, of records that tell nothing more as well. @throws what `collectRecords` and `pruneRepository` do */
export async function pruneWithRecords(repository: Repository, options: PruneOptions): Promise<PruneReport> {
  await collectRecords(repository, options);
  return pruneRepository(repository, options);
}
