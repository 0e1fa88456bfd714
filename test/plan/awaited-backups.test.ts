import { describe, expect, it } from 'vitest';
import type { RestoreIntent, Site } from '../../src/config/site.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { Guest } from '../../src/pve/inventory.ts';
import {
  afterBackups,
  backup,
  facts,
  guest,
  HOUR,
  host,
  intent,
  inventory,
  node,
  policy,
  site,
  vmid,
} from './sample-site.ts';

const web = guest('qemu/101', { name: 'web-1' });
const isOff = ({ node: name }: Guest) => name === 'pve2';

interface Given {
  readonly restore?: Partial<RestoreIntent>;
  readonly guests?: readonly Guest[];
  readonly declared?: Parameters<typeof site>[0];
  readonly named?: boolean;
}

function planOf({ restore = {}, guests = [web], declared = {}, named = false }: Given) {
  const restores = [intent('r', restore)];
  const given: Site = site({ backups: [policy('all')], restores, ...declared });
  const nodes = [{ name: node('pve'), online: true }];
  const off = guests.some(isOff) ? [{ name: node('pve2'), online: false }] : [];
  const known = facts({ pve: inventory(guests, { nodes: [...nodes, ...off] }) }, { main: [], away: [] });
  return makePlan(given, known, { restoreNames: named ? ['r'] : [] });
}

describe('a restore of latest that has no snapshot yet', () => {
  it.each<[string, Given, 'planned' | 'blocked']>([
    ['that this plan makes', {}, 'planned'],
    [
      'that this plan makes under another entry name than its id',
      {
        restore: { fromHostId: 'old-name' },
        declared: { hosts: [host('pve', { id: 'old-name' })] },
      },
      'planned',
    ],
    ['of a guest that is locked', { guests: [{ ...web, lock: 'migrate' }] }, 'blocked'],
    ['of a guest on a node that is off', { guests: [{ ...web, node: node('pve2') }] }, 'blocked'],
  ])('waits for the backup %s', (_, given, state) => {
    const plan = planOf(given);
    expect(plan.restores).toEqual([]);
    expect(plan.restoresAtRest).toMatchObject([
      { intent: 'r', kind: 'blocked-by-backup', backup: { guest: { name: 'web-1' }, state } },
    ]);
    expect(plan.problems.filter((problem) => 'intent' in problem)).toEqual([]);
    expect(plan.problems.length > 0).toBe(state === 'blocked');
  });

  it.each<[string, Given]>([
    ['nobody backs the guest up', { declared: { backups: [] } }],
    ['its backup goes to another repository', { restore: { repository: 'away' } }],
    ['its backup comes from another host', { restore: { fromHostId: 'lab' } }],
    ['it is of another type', { restore: { guest: { type: 'lxc', vmid: vmid(101) } } }],
    ['it wants a certain snapshot', { restore: { snapshot: 'abcdef01' } }],
    ['it is named, and so wanted now', { named: true }],
  ])('is a problem when %s', (_, given) => {
    const plan = planOf(given);
    expect(plan.restoresAtRest).toEqual([]);
    expect(plan.problems).toMatchObject([{ kind: 'restore-snapshot-missing', intent: 'r' }]);
  });

  it('says already what stands against its target', () => {
    const to = { ...intent('x').to, pool: 'lab' };
    const plan = planOf({ restore: { to } });
    expect(plan.restoresAtRest).toEqual([]);
    expect(plan.problems).toMatchObject([{ kind: 'restore-pool-missing', pool: 'lab' }]);
  });

  it('takes its vmid before one that comes later', () => {
    const restores = [intent('first'), intent('second')];
    const plan = planOf({ declared: { restores } });
    expect(plan.restoresAtRest).toMatchObject([{ intent: 'first', kind: 'blocked-by-backup' }]);
    expect(plan.problems).toMatchObject([{ kind: 'restore-target-claimed', intent: 'second', by: 'first' }]);
  });

  it('is done by the run after the backup', () => {
    const declared = site({ backups: [policy('all')], restores: [intent('r')] });
    const before = facts({ pve: inventory([web]) });
    const after = makePlan(declared, afterBackups(before, makePlan(declared, before)));
    expect(after).toMatchObject({ restores: [{ intent: 'r' }], restoresAtRest: [], problems: [] });
  });
});

it('a restore that has a snapshot does not wait for the next one', () => {
  const declared = site({ backups: [policy('all')], restores: [intent('r')] });
  const plan = makePlan(declared, facts({ pve: inventory([web]) }, [backup(web, 30 * HOUR)]));
  expect(plan).toMatchObject({ backups: [{}], restores: [{ intent: 'r' }], restoresAtRest: [] });
});
