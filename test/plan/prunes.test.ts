import { describe, expect, it } from 'vitest';
import { makePlan } from '../../src/plan/make-plan.ts';
import { plannedActions } from '../../src/plan/planned-actions.ts';
import { appliedFacts } from './applied-facts.ts';
import { backup, facts, guest, HOUR, inventory, NOW, policy, site } from './sample-site.ts';

const DAY = 24 * HOUR;
const web = guest('qemu/101');
const password = { kind: 'env', name: 'PASSWORD' } as const;
const weekly = { everyMs: 7 * DAY, mostUnusedShare: 0.1 };

function world(oldestDays: number, prunedDays?: number, prune?: typeof weekly) {
  const entry = { name: 'main', path: '/main', password, ...(prune && { prune }) };
  const declared = site({ repositories: new Map([['main', entry]]), backups: [policy('gold')] });
  const known = facts({ pve: inventory([web]) }, oldestDays < 0 ? [] : [backup(web, oldestDays * DAY)]);
  const repositories = [...known.repositories].map(
    ([name, held]) =>
      [name, { ...held, ...(prunedDays !== undefined && { prunedAt: NOW - prunedDays * DAY }) }] as const,
  );
  return [declared, { ...known, repositories: new Map(repositories) }] as const;
}

describe('a repository is pruned', () => {
  it.each([
    ['by no plan unless the site says so', 300, undefined, undefined, []],
    ['after as long as the site says', 300, 7, weekly, [7 * DAY]],
    ['a little before, as it would be too late in the next run', 300, 6, weekly, [6 * DAY]],
    ['not again before that', 300, 5, weekly, []],
    ['for the first time when it is as old', 8, undefined, weekly, [undefined]],
    ['not while it is young', 3, undefined, weekly, []],
    ['not while it is empty', -1, undefined, weekly, []],
    ['once the clock has caught up with the last time', 300, -2, weekly, []],
  ] as const)('%s', (_, oldest, pruned, prune, due) => {
    const { prunes } = makePlan(...world(oldest, pruned, prune));
    expect(prunes.map(({ agoMs }) => agoMs)).toEqual(due);
    for (const action of prunes)
      expect(action).toMatchObject({ repository: 'main', mostUnusedShare: 0.1, everyMs: 7 * DAY });
  });

  it('once: then there is nothing to do', () => {
    const [declared, before] = world(300, undefined, weekly);
    const plan = makePlan(declared, before);
    expect(plan.prunes).toHaveLength(1);
    expect(plannedActions(makePlan(declared, appliedFacts(declared, before, plan)))).toEqual([]);
  });
});
