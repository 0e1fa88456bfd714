import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../src/plan/facts.ts';
import { judgeStatus } from '../../../src/plan/status/judge-status.ts';
import {
  backup,
  facts,
  guest,
  HOUR,
  host,
  inventory,
  line,
  NOW,
  node,
  policy,
  site,
  snapshotId,
  vmid,
} from '../sample-site.ts';

const web = guest('qemu/101');

function levelAt(ageHours: number, { rpo = 24, cadence = 24 }: { rpo?: number; cadence?: number } = {}) {
  const declared = site({ cadenceMs: cadence * HOUR, backups: [policy('all', { rpoMs: rpo * HOUR })] });
  const { guests, level } = judgeStatus(
    declared,
    facts({ pve: inventory([web]) }, [backup(web, ageHours * HOUR)]),
  );
  expect(level).toBe(guests[0]?.level);
  return `${guests[0]?.level} ${guests[0]?.why.kind}`;
}

describe('a guest is', () => {
  it.each<[number, number, number, string]>([
    // rpo, cadence and age in hours
    [24, 24, 1, 'ok fresh'],
    [24, 24, 23.9, 'ok due'],
    [24, 24, 24.2, 'warning missed'],
    [24, 24, 24.6, 'critical out-of-policy'],
    [48, 24, 24.2, 'ok due'],
    [48, 24, 25, 'warning missed'],
    [48, 24, 49, 'critical out-of-policy'],
    [24, 8, 16, 'ok due'],
    [24, 8, 17, 'warning missed'],
    [24, 8, 25, 'critical out-of-policy'],
    [4, 24, 4.2, 'warning missed'],
    [4, 24, 5, 'critical out-of-policy'],
  ])('with an rpo of %d h, a run every %d h and a backup of %d h: %s', (rpo, cadence, age, expected) => {
    expect(levelAt(age, { rpo, cadence })).toBe(expected);
  });

  const declared = site({ backups: [policy('all')] });
  const known = (change: Partial<Facts> = {}) => ({ ...facts({ pve: inventory([web]) }), ...change });
  it.each<[string, Facts, string]>([
    ['critical without a backup', known(), 'critical none'],
    [
      'critical with backups of another machine only',
      facts({ pve: inventory([web]) }, [backup(web, HOUR, { line: line('77') })]),
      'critical none',
    ],
    [
      'unknown with a newest from the future only',
      facts({ pve: inventory([web]) }, [backup(web, -9 * HOUR)]),
      'unknown clock',
    ],
    [
      'judged by its backups while it is locked',
      facts({ pve: inventory([{ ...web, lock: 'backup' }]) }, [backup(web, 40 * HOUR)]),
      'critical out-of-policy',
    ],
    [
      'judged by its backups while its node is off',
      facts(
        {
          pve: inventory([{ ...web, node: node('pve2') }], {
            nodes: [{ name: node('pve2'), online: false }],
          }),
        },
        [backup(web, HOUR)],
      ),
      'ok fresh',
    ],
  ])('%s', (_, told, expected) => {
    const [found] = judgeStatus(declared, told).guests;
    expect(`${found?.level} ${found?.why.kind}`).toBe(expected);
  });

  it('critical when its only backup is damaged', () => {
    const newest = backup(web, HOUR);
    const told = facts({ pve: inventory([web]) }, [newest]);
    const [main] = [...told.repositories.values()];
    if (main === undefined) throw new Error('no repository');
    const repositories = new Map([['main', { ...main, damaged: new Set([newest.id]) }]]);
    expect(judgeStatus(declared, { ...told, repositories }).guests[0]).toMatchObject({
      level: 'critical',
      why: { kind: 'none' },
    });
  });

  it('known with the time at which its newest was verified, by id or original', () => {
    const newest = backup(web, HOUR, { original: snapshotId('0f') });
    const told = facts({ pve: inventory([web]) }, [newest]);
    const [main] = [...told.repositories.values()];
    if (main === undefined) throw new Error('no repository');
    const repositories = new Map([
      ['main', { ...main, verified: new Map([[snapshotId('0f'), NOW - HOUR]]) }],
    ]);
    expect(judgeStatus(declared, { ...told, repositories }).guests[0]?.verifiedAt).toBe(NOW - HOUR);
  });
});

describe('a guest whose backups a policy wants proved is', () => {
  const newest = backup(web, HOUR);
  const asking = site({ backups: [policy('all', { verifyWithinMs: 48 * HOUR })] });
  it.each<[string, number | undefined, string]>([
    ['a warning when none ever was', undefined, 'warning unverified'],
    ['a warning when the last was too long ago', 50, 'warning unverified'],
    ['ok when the next run proves it', 47, 'ok fresh'],
    ['ok when it was proved', 0.5, 'ok fresh'],
  ])('%s', (_, agoHours, expected) => {
    const told = facts({ pve: inventory([web]) }, [newest]);
    const [main] = [...told.repositories.values()];
    if (main === undefined) throw new Error('no repository');
    const proof = { id: newest.id, madeAt: newest.time, provedAt: NOW - (agoHours ?? 0) * HOUR };
    const proved = new Map(agoHours === undefined ? [] : [['pve /qemu/101', proof]]);
    const [found] = judgeStatus(asking, {
      ...told,
      repositories: new Map([['main', { ...main, proved }]]),
    }).guests;
    expect(`${found?.level} ${found?.why.kind}`).toBe(expected);
  });
});

describe('the site is', () => {
  const declared = site({
    hosts: [host('pve'), host('ber')],
    backups: [policy('all', { hosts: ['pve', 'ber'] })],
  });
  it.each<[string, Facts, string]>([
    ['ok when all is', facts({ pve: inventory([web]), ber: inventory([]) }, [backup(web, HOUR)]), 'ok'],
    [
      'unknown when a host was not reached',
      facts({ pve: inventory([web]), ber: 'no route' }, [backup(web, HOUR)]),
      'unknown',
    ],
    [
      'critical when a guest is, whatever is unknown',
      facts({ pve: inventory([web]), ber: 'no route' }),
      'critical',
    ],
  ])('%s', (_, told, level) => {
    expect(judgeStatus(declared, told).level).toBe(level);
  });

  it('in need of a look when what it declares is not there', () => {
    const missing = site({
      backups: [policy('all', { select: { kind: 'vmid', vmids: [vmid(101), vmid(109)] } })],
    });
    const { level, problems } = judgeStatus(missing, facts({ pve: inventory([web]) }, [backup(web, HOUR)]));
    expect([level, problems.map(({ problem }) => problem.kind)]).toEqual(['warning', ['vmid-missing']]);
  });
});
