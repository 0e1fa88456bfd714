import type { PolicyDeclaration } from '../plan/plan.ts';
import { saveRecord } from '../records/save-record.ts';
import type { RepositorySession } from '../repository/repository.ts';
import type { RunFacts } from './node-job.ts';
import { recordFacts } from './record-facts.ts';

/**
 * Tells repositories what policies want kept from now on, where that is new to them.
 * @param sessions of each of them, locked
 * @throws UserError when one can't be written
 */
export async function declarePolicies(
  declarations: readonly PolicyDeclaration[],
  sessions: ReadonlyMap<string, RepositorySession>,
  facts: Pick<RunFacts, 'programVersion' | 'offsetMinutes'>,
): Promise<void> {
  for (const { repository, policies: declared } of declarations) {
    const session = sessions.get(repository);
    if (session === undefined) throw new Error(`the repository ${repository} is not open`);
    const policies = declared.map(({ name, retention }) => ({
      name,
      ...(retention !== undefined && { keep: retention }),
    }));
    await saveRecord(session, { kind: 'policies', policies }, recordFacts(Date.now(), facts));
  }
}
