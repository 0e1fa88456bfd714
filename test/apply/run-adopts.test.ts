import { expect, it } from 'vitest';
import type { ApplyEvent } from '../../src/apply/apply-event.ts';
import { runAdopts } from '../../src/apply/run-adopts.ts';
import { lineAdoptions } from '../../src/cli/line-adoptions.ts';
import type { AdoptAction } from '../../src/plan/lines/adopt-action.ts';
import { guestLabel } from '../../src/plan/reached-hosts.ts';
import { readKnownRecords } from '../../src/records/known-records.ts';
import { readSnapshots } from '../../src/repository/read-snapshots.ts';
import { withSession } from '../../src/repository/repository.ts';
import { UserError } from '../../src/user-error.ts';
import { guest, line, ref } from '../plan/sample-site.ts';
import { sampleRepository } from '../repository/sample-repository.ts';

const web = guest('qemu/201', { name: 'web' });
const action: AdoptAction = {
  ...{ kind: 'adopt', repository: 'main', host: 'ber', hostId: 'berlin', guest: guestLabel(web) },
  ...{ line: web.identity.line, snapshots: 3, newestAt: 0 },
  from: { hostId: 'fra', guest: ref('qemu/101'), line: line('a') },
};

/** @returns what came of it, and what the repository knows then */
async function run({ isFull = false, isAborted = false }) {
  const { repository } = await sampleRepository();
  const events: ApplyEvent[] = [];
  const results = await withSession(repository, { lock: 'shared' }, (session) => {
    const full = () => Promise.reject(new UserError('repository-write', 'no space left on device'));
    const facts = { programVersion: 'pvebak 0.1.0', offsetMinutes: 60 };
    return runAdopts([action], {
      sessions: new Map([['main', isFull ? { ...session, saveSnapshot: full } : session]]),
      facts,
      emit: (event) => events.push(event),
      signal: isAborted ? AbortSignal.abort() : new AbortController().signal,
    });
  });
  expect(events.map(({ kind }) => kind)).toEqual(['item-started', 'item-ended']);
  const records = await readKnownRecords(repository, await readSnapshots(repository), ['adopt']);
  return { outcome: results[0]?.outcome, known: [...lineAdoptions(records)] };
}

it('a move is kept in the repository, with the places and lines at both ends', async () => {
  expect(await run({})).toEqual({
    outcome: { kind: 'adopted', snapshots: 3 },
    known: [
      [
        line('a'),
        {
          to: web.identity.line,
          from: { hostId: 'fra', guest: ref('qemu/101') },
          at: { hostId: 'berlin', guest: web.ref },
        },
      ],
    ],
  });
});

it('one that could not be stored has failed, and is not known', async () => {
  expect(await run({ isFull: true })).toMatchObject({
    outcome: { kind: 'failed', reason: 'no space left on device' },
    known: [],
  });
});

it('none is stored once the run is interrupted', async () => {
  expect(await run({ isAborted: true })).toMatchObject({ outcome: { kind: 'skipped' }, known: [] });
});
