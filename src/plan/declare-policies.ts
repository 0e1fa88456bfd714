import type { Site } from '../config/site.ts';
import type { Facts } from './facts.ts';
import type { PolicyDeclaration } from './plan.ts';
import { sameRetention } from './retention/same-retention.ts';

/**
 * What repositories are to know of policies, so that a later change of one is noticed. Only where the site gives changes a
 * grace, and only where the newest that a repository knows is something else.
 */
export function declarePolicies(
  { backups, guards }: Pick<Site, 'backups' | 'guards'>,
  { repositories }: Facts,
): readonly PolicyDeclaration[] {
  if (guards?.policyChangeGraceMs === undefined) return [];
  return [...repositories].flatMap(([repository, { retentions }]) => {
    const policies = backups.filter((policy) => policy.repository === repository);
    const isKnown = policies.every(({ name, retention }) => {
      const newest = retentions?.get(name)?.at(-1);
      return newest !== undefined && sameRetention(newest.retention, retention);
    });
    if (isKnown) return [];
    return [
      {
        repository,
        policies: policies.map(({ name, retention }) => ({
          name,
          ...(retention !== undefined && { retention }),
        })),
      },
    ];
  });
}
