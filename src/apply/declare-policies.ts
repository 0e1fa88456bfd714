import { hostname } from 'node:os';
import type { PolicyDeclaration } from '../plan/plan.ts';
import { saveRecord } from '../records/save-record.ts';
import { type Repository, withSession } from '../repository/repository.ts';
import { formatRfc3339 } from '../snapshot/rfc3339.ts';
import type { RunFacts } from './node-job.ts';

/**
 * Tells repositories what policies want kept from now on, where that is new to them.
 * @throws UserError when one can't be locked or written
 */
export async function declarePolicies(
  declarations: readonly PolicyDeclaration[],
  repositories: ReadonlyMap<string, Repository>,
  { facts, signal }: { readonly facts: RunFacts; readonly signal: AbortSignal },
): Promise<void> {
  for (const { repository: name, policies } of declarations) {
    const repository = repositories.get(name);
    if (repository === undefined) throw new Error(`the repository ${name} is not open`);
    await withSession(repository, { lock: 'shared', signal }, (session) =>
      saveRecord(
        session,
        {
          kind: 'policies',
          policies: policies.map(({ name: policy, retention }) => recorded(policy, retention)),
        },
        {
          time: formatRfc3339(Date.now(), facts.offsetMinutes),
          hostname: hostname(),
          programVersion: facts.programVersion,
        },
      ),
    );
  }
}

function recorded(name: string, retention: PolicyDeclaration['policies'][number]['retention']) {
  return { name, ...(retention !== undefined && { keep: retention }) };
}
