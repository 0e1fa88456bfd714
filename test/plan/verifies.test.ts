import { describe, expect, it } from 'vitest';
import type { GuestSnapshot, ProvedBackup } from '../../src/plan/facts.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import {
  afterBackups,
  backup,
  facts,
  guest,
  HOUR,
  inventory,
  line,
  NOW,
  policy,
  refs,
  site,
  snapshotId,
} from './sample-site.ts';

const DAY = 24 * HOUR;
const web = guest('qemu/101', { name: 'web-1', volumes: [{ key: 'scsi0', bytes: 1000 }] });
const weekly = policy('p', { verifyWithinMs: 7 * DAY });
const declared = site({ backups: [weekly] });

function known(
  held: readonly GuestSnapshot[],
  proofs: Readonly<Record<string, ProvedBackup>> = {},
  damaged: readonly string[] = [],
) {
  const given = facts({ pve: inventory([web]) }, held);
  const proved = new Map(Object.entries(proofs));
  const repositories = [...given.repositories].map(
    ([name, one]) => [name, { ...one, proved, damaged: new Set(damaged) }] as const,
  );
  return { ...given, repositories: new Map(repositories) };
}

const proof = (of: GuestSnapshot, agoMs: number): Readonly<Record<string, ProvedBackup>> => ({
  [`${of.hostId} /qemu/101`]: { id: of.id, madeAt: of.time, provedAt: NOW - agoMs },
});

describe('with verify_within, the newest backup', () => {
  const newest = backup(web, HOUR, { id: snapshotId('aa') });
  const older = backup(web, 6.5 * DAY, { id: snapshotId('bb') });
  const old = backup(web, 8 * DAY, { id: snapshotId('cc') });

  it.each<[string, Parameters<typeof known>, object | undefined]>([
    ['is verified when none ever was', [[newest, older]], { kind: 'never-verified' }],
    [
      'is verified when the last one that was read is too long ago',
      [[newest, old], proof(old, 7.5 * DAY)],
      { kind: 'verified-long-ago', agoMs: 7.5 * DAY, withinMs: 7 * DAY },
    ],
    [
      'is verified when it will be before the next run has finished',
      [[newest, older], proof(older, 6.2 * DAY)],
      { kind: 'verified-long-ago' },
    ],
    [
      'is left when one was read that was the newest then',
      [[newest, older], proof(older, 3 * DAY)],
      undefined,
    ],
    ['is left when that one is forgotten by now', [[newest], proof(older, 3 * DAY)], undefined],
    [
      'is verified when there was a newer one than was read',
      [[newest, backup(web, 4 * DAY), old], proof(old, 3 * DAY)],
      { kind: 'never-verified' },
    ],
    [
      'is verified when the one that was read is of another machine',
      [[newest, { ...older, line: line('01d') }], proof(older, 3 * DAY)],
      { kind: 'never-verified' },
    ],
  ])('%s', (_, given, reason) => {
    const { verifies, backups } = makePlan(declared, known(...given));
    expect(backups).toEqual([]);
    expect(verifies).toMatchObject(
      reason === undefined
        ? []
        : [{ snapshot: { id: newest.id }, reason, policies: ['p'], repository: 'main', readBytes: 1000 }],
    );
  });

  it.each([
    ['is left while its own reading is known, whatever was proved of its place since', DAY, 0],
    ['is verified when its own reading is too long ago', 9 * DAY, 1],
  ])('%s', (_, agoMs, count) => {
    const other = backup(web, 0, { id: snapshotId('dd'), line: line('f0') });
    const before = known([newest, other], proof(other, 0));
    const readWhole = new Map([[newest.id, NOW - agoMs]]);
    const held = [...before.repositories].map(([name, one]) => [name, { ...one, readWhole }] as const);
    expect(makePlan(declared, { ...before, repositories: new Map(held) }).verifies).toHaveLength(count);
  });

  it('is proved by the one that was read, where a newer one is damaged', () => {
    const before = known([newest, older], proof(older, 0), [newest.id]);
    expect(makePlan(declared, before).verifies.map(({ snapshot }) => snapshot?.id)).not.toContain(older.id);
  });

  it('is the one that is made in this run, where one is', () => {
    const before = known([backup(web, 30 * HOUR)]);
    const plan = makePlan(declared, before);
    expect(refs(plan.backups)).toEqual(['qemu/101']);
    expect(refs(plan.verifies)).toEqual(['qemu/101']);
    expect(plan.verifies[0]?.snapshot).toBeUndefined();
    const after = makePlan(declared, afterBackups(before, plan));
    expect(after.verifies).toMatchObject([{ snapshot: { time: NOW } }]);
  });

  it('is not one that is known to be damaged', () => {
    const { verifies } = makePlan(
      declared,
      known([newest, backup(web, 2 * HOUR, { id: snapshotId('dd') })], {}, [newest.id]),
    );
    expect(verifies).toMatchObject([{ snapshot: { id: snapshotId('dd') } }]);
  });

  it('is verified for those policies that ask, each repository by itself, as often as the strictest wants', () => {
    const backups = [
      policy('p', { verifyWithinMs: 30 * DAY }),
      policy('q', { verifyWithinMs: 2 * DAY }),
      policy('r'),
      policy('s', { repository: 'away' }),
    ];
    const given = facts({ pve: inventory([web]) }, { main: [newest], away: [newest] });
    expect(makePlan(site({ backups }), given).verifies).toMatchObject([
      { repository: 'main', policies: ['p', 'q'] },
    ]);
    const main = known([newest, older], proof(older, 3 * DAY)).repositories;
    const plan = makePlan(site({ backups: backups.slice(0, 3) }), { ...given, repositories: main });
    expect(plan.verifies).toMatchObject([{ reason: { withinMs: 2 * DAY } }]);
  });

  it('is nothing where there is none, and none is made', () => {
    const locked = facts({ pve: inventory([{ ...web, lock: 'backup' }]) });
    expect(makePlan(declared, locked).verifies).toEqual([]);
  });
});
