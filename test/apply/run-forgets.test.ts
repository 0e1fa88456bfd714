import { expect, it } from 'vitest';
import type { ApplyEvent, BackupReport, ItemOutcome } from '../../src/apply/apply-event.ts';
import { idOf, labelOf } from '../../src/apply/planned-item.ts';
import { runForgets } from '../../src/apply/run-forgets.ts';
import type { BackupAction } from '../../src/plan/plan.ts';
import { guestLabel } from '../../src/plan/reached-hosts.ts';
import type { ForgetAction } from '../../src/plan/retention/forget-plan.ts';
import { withSession } from '../../src/repository/repository.ts';
import { backup, guest } from '../plan/sample-site.ts';
import { sampleRepository, saveFiles } from '../repository/sample-repository.ts';

const web = guest('qemu/101', { name: 'web' });
const orphan = { line: web.identity.line, why: { kind: 'gone' }, newestAt: 0, keptUntil: 1 } as const;
const where = { repository: 'main', host: 'pve', guest: guestLabel(web), policies: ['gold'] };

/** What becomes of one old snapshot, after a backup that ended so. @returns the outcome, and whether the snapshot is still there */
async function forget(entry: Partial<ForgetAction>, backedUp: ItemOutcome | undefined, changed?: string) {
  const { repository } = await sampleRepository();
  const [{ id }, stays] = await withSession(repository, { lock: 'shared' }, async (session) => [
    await saveFiles(session, []),
    await saveFiles(session, []),
  ]);
  const action: ForgetAction = {
    ...{ kind: 'forget', ...where, forget: [backup(web, 0, { id })], afterBackup: true },
    keep: [{ snapshot: backup(web, 0, { id: stays.id }), by: [{ kind: 'last-good' }] }],
    ...entry,
  };
  const made: BackupAction = {
    ...{ kind: 'backup', ...where, identity: web.identity, mode: 'snapshot', volumes: [] },
    ...{ reason: { kind: 'never-backed-up' }, estimate: {} },
  };
  const before =
    backedUp === undefined ? [] : [{ item: idOf(made), label: labelOf(made), outcome: backedUp }];
  const events: ApplyEvent[] = [];
  const results = await runForgets([action], before, {
    repositories: new Map([['main', repository]]),
    recheck: async (_, actions) => new Map(changed === undefined ? [] : actions.map((one) => [one, changed])),
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
  });
  expect(events.map(({ kind }) => kind)).toEqual(['item-started', 'item-ended']);
  const left = await repository.backend.names('snapshots');
  return { outcome: results[0]?.outcome, isThere: left.includes(id) };
}

function brought(newBytes: number): ItemOutcome {
  const report: BackupReport = {
    ...{ snapshot: '00'.repeat(32), newBytes, diskBytes: 0, reusedBytes: 0, storedBytes: 0, zeroBytes: 0 },
    ...{ streamBytes: 0, elapsedMs: 0, spilledPieces: 0, smallerBlobs: 0, warnings: [] },
  };
  return { kind: 'backed-up', report };
}

const FAILED: ItemOutcome = { kind: 'failed', code: 'guest', reason: 'x', hint: undefined, left: [] };

it.each<[string, Partial<ForgetAction>, ItemOutcome | undefined, string | undefined]>([
  ['once the backup that was counted on is made', {}, brought(1), undefined],
  ['without one, where none was counted on', { afterBackup: false }, undefined, undefined],
  [
    'never where the history that was counted in could not be joined',
    { afterBackup: false, adopts: [web.identity.line] },
    undefined,
    'could not be joined',
  ],
  ['never where nothing of the line would be left', { afterBackup: false, keep: [] }, undefined, 'be left'],
  [
    'with all of its line where its machine is gone',
    { afterBackup: false, keep: [], orphan },
    undefined,
    undefined,
  ],
  ['never before it is made', {}, undefined, 'was not made'],
  ['never when it failed', {}, FAILED, 'was not made'],
  ['as long as it brought no more than is usual', { mostNewBytes: 5 }, brought(5), undefined],
  [
    'never when it brought far more: it may be all that is bad',
    { mostNewBytes: 5 },
    brought(6),
    'pvebak ack',
  ],
])('what is old goes %s', async (_, entry, backedUp, reason) => {
  const { outcome, isThere } = await forget(entry, backedUp);
  if (reason === undefined) expect(outcome).toMatchObject({ kind: 'forgotten' });
  else expect(outcome).toMatchObject({ kind: 'skipped', reason: expect.stringContaining(reason) });
  expect(isThere).toBe(reason !== undefined);
});

it('what is old stays where something has changed since the plan, and it is said what', async () => {
  expect(await forget({ afterBackup: false }, undefined, 'lxc/160 wiki is there again')).toEqual({
    outcome: { kind: 'skipped', reason: 'since the plan was made: lxc/160 wiki is there again' },
    isThere: true,
  });
});
