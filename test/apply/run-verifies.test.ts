import { describe, expect, it } from 'vitest';
import { type ApplyEvent, type ItemOutcome, itemId } from '../../src/apply/apply-event.ts';
import { type ItemResult, runPlan } from '../../src/apply/run-plan.ts';
import { type ProveSnapshots, runVerifies } from '../../src/apply/run-verifies.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { UserError } from '../../src/user-error.ts';
import { backup, facts, guest, HOUR, inventory, policy, site, snapshotId } from '../plan/sample-site.ts';
import { sampleRepository } from '../repository/sample-repository.ts';

const web = guest('qemu/101', { name: 'web-1' });
const git = guest('lxc/105', { name: 'git' });
const here = inventory([web, git]);
const declared = site({ backups: [policy('p', { verifyWithinMs: 168 * HOUR })] });
const held = [backup(web, HOUR, { id: snapshotId('aa') }), backup(git, HOUR, { id: snapshotId('bb') })];
/** Both guests have a backup that was never verified. */
const plan = makePlan(declared, facts({ pve: here }, held));
/** Both guests are backed up first. */
const firstPlan = makePlan(declared, facts({ pve: here }));

async function run(
  { verifies }: Plan,
  prove: ProveSnapshots,
  {
    before = [],
    aborted = false,
  }: { readonly before?: readonly ItemResult[]; readonly aborted?: boolean } = {},
) {
  const { repository } = await sampleRepository();
  const events: ApplyEvent[] = [];
  const results = await runVerifies(verifies, before, {
    repositories: new Map([['main', repository]]),
    prove,
    emit: (event) => events.push(event),
    signal: aborted ? AbortSignal.abort() : new AbortController().signal,
  });
  const ended = events.filter(({ kind }) => kind === 'item-ended').map(({ item }) => item);
  expect(ended.toSorted()).toEqual(results.map(({ item }) => item).toSorted());
  return { results, events, outcomes: new Map(results.map(({ item, outcome }) => [String(item), outcome])) };
}

function backedUp(name: string, outcome: ItemOutcome): ItemResult {
  const item = itemId('backup', 'main', 'pve', name);
  const label = {
    kind: 'backup',
    host: 'pve',
    repository: 'main',
    guest: { ref: web.ref, node: web.node },
  } as const;
  return { item, label, outcome };
}

describe('backups that are to be verified', () => {
  it('are proved together, and each ends by itself', async () => {
    const asked: ReadonlySet<string>[] = [];
    const { outcomes, events } = await run(plan, async (_, ids, { onProgress }) => {
      asked.push(ids);
      onProgress({ doneBytes: 5, totalBytes: 10, elapsedMs: 7 });
      return new Map([[snapshotId('bb'), 'data/00: the MAC is wrong']]);
    });
    expect(asked).toEqual([new Set([snapshotId('aa'), snapshotId('bb')])]);
    expect(outcomes.get('verify main pve qemu/101')).toEqual({
      kind: 'verified',
      snapshot: snapshotId('aa'),
      elapsedMs: 7,
    });
    expect(outcomes.get('verify main pve lxc/105')).toMatchObject({
      kind: 'failed',
      code: 'repository-damaged',
      reason: 'snapshot bb000000 is damaged: data/00: the MAC is wrong',
    });
    expect(events.filter(({ kind }) => kind === 'item-progress')).toHaveLength(2);
  });

  it('are those that were just made; where none was there is nothing new', async () => {
    const report = { snapshot: snapshotId('cc') } as Extract<ItemOutcome, { kind: 'backed-up' }>['report'];
    const { outcomes } = await run(
      firstPlan,
      async (_, ids) => {
        expect([...ids]).toEqual([snapshotId('cc')]);
        return new Map();
      },
      {
        before: [
          backedUp('qemu/101', { kind: 'backed-up', report }),
          backedUp('lxc/105', { kind: 'skipped', reason: 'x' }),
        ],
      },
    );
    expect(outcomes.get('verify main pve qemu/101')).toMatchObject({
      kind: 'verified',
      snapshot: snapshotId('cc'),
    });
    expect(outcomes.get('verify main pve lxc/105')).toMatchObject({ kind: 'skipped' });
  });

  it('all fail when the repository cannot be read', async () => {
    const { outcomes } = await run(plan, async () => {
      throw new UserError('repository-locked', 'somebody prunes it');
    });
    expect([...outcomes.values()]).toMatchObject([
      { kind: 'failed', code: 'repository-locked' },
      { kind: 'failed', code: 'repository-locked' },
    ]);
  });

  it('are skipped once the run is interrupted', async () => {
    const never: ProveSnapshots = () => Promise.reject(new Error('it was asked'));
    const { outcomes } = await run(plan, never, { aborted: true });
    expect([...outcomes.values()].map(({ kind }) => kind)).toEqual(['skipped', 'skipped']);
  });
});

it('a backup whose turn comes after its window has closed is skipped', async () => {
  const { repository } = await sampleRepository();
  const late = {
    ...firstPlan,
    verifies: [],
    backups: firstPlan.backups.map((one) => ({ ...one, notAfter: 1 })),
  };
  const results = await runPlan(
    late,
    {
      hosts: new Map(),
      inventories: new Map([['pve', here]]),
      repositories: new Map([['main', repository]]),
      facts: {
        run: 'r',
        runner: { hostname: 'backup-1', pid: 1 },
        programVersion: 'test',
        environment: {},
        temporaryFolder: '/nowhere',
        offsetMinutes: 0,
      },
      known: new Map(),
      prove: () => Promise.reject(new Error('nothing is to be proved')),
      recheck: () => Promise.reject(new Error('nothing is to be forgotten')),
      emit: () => undefined,
    },
    { parallel: 2, signal: new AbortController().signal },
  );
  expect(results.map(({ outcome }) => outcome)).toEqual([
    { kind: 'skipped', reason: 'the hours in which it may begin are over' },
    { kind: 'skipped', reason: 'the hours in which it may begin are over' },
  ]);
});
