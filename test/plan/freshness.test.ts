import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueAgeMs } from '../../src/plan/due-age.ts';
import { LARGEST_DISK_BYTES } from '../../src/plan/find-obstacles.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { DueReason } from '../../src/plan/plan.ts';
import type { Guest } from '../../src/pve/inventory.ts';
import {
  backup,
  facts,
  guest,
  HOUR,
  host,
  inventory,
  line,
  NOW,
  policy,
  refs,
  site,
  snapshotId,
} from './sample-site.ts';

const web = guest('qemu/101', { name: 'web-1' });
const daily = site({ backups: [policy('p')] });

describe('a backup', () => {
  it.each([
    // rpo, cadence, duration of a dump and age in hours
    [24, 24, 0, 23 + 1 / 3, 'due'],
    [24, 24, 0, 24.5, 'due'],
    [24, 24, 0, 1 / 6, 'fresh'],
    [24, 24, 0, 10, 'fresh'],
    [24, 24, 6, 12.1, 'due'],
    [24, 24, 30, 10, 'fresh'],
    [25, 24, 0, 23, 'due'],
    [36, 24, 0, 23, 'due'],
    [24, 8, 0, 7, 'fresh'],
    [24, 8, 0, 15, 'fresh'],
    [24, 8, 0, 17, 'due'],
    [24, 8, 2, 13.8, 'fresh'],
    [24, 8, 2, 13.9, 'due'],
    [24, 8, 9, 6.8, 'fresh'],
    [24, 8, 9, 6.9, 'due'],
    [48, 24, 0, 23, 'fresh'],
    [48, 24, 0, 24.1, 'due'],
    [48, 24, 0, 47, 'due'],
    [168, 24, 0, 143, 'fresh'],
    [168, 24, 0, 144, 'due'],
    [4, 24, 0, 1 / 6, 'fresh'],
    [4, 24, 3, 1 / 6, 'fresh'],
    [4, 24, 0, 5, 'due'],
    [12, 24, 0, 23, 'due'],
  ])(
    'with rpo %d h, a run every %d h and dumps of %d h is, at %f h, %s',
    (rpo, cadence, dump, age, verdict) => {
      const terms = { rpoMs: rpo * HOUR, cadenceMs: cadence * HOUR, durationMs: dump * HOUR };
      expect(age * HOUR > dueAgeMs(terms) ? 'due' : 'fresh').toBe(verdict);
    },
  );
});

describe('a guest is due', () => {
  const hours = (ageHours: number) => facts({ pve: inventory([web]) }, [backup(web, ageHours * HOUR)]);
  it.each<[string, ReturnType<typeof facts>, DueReason]>([
    ['when it has no backup', facts({ pve: inventory([web]) }), { kind: 'never-backed-up' }],
    [
      'when the newest is older than the rpo',
      hours(26),
      { kind: 'too-old', ageMs: 26 * HOUR, rpoMs: 24 * HOUR, policy: 'p' },
    ],
    [
      'when it would be before the next run has finished',
      hours(23),
      {
        kind: 'too-old-before-next-run',
        ageMs: 23 * HOUR,
        rpoMs: 24 * HOUR,
        cadenceMs: 24 * HOUR,
        policy: 'p',
      },
    ],
    ['when the newest claims a time after now', hours(-3), { kind: 'clock-behind', aheadMs: 3 * HOUR }],
    [
      'when all backups of its vmid are of other machines',
      facts({ pve: inventory([web]) }, [
        backup(web, HOUR, { line: line('b1') }),
        backup(web, 2 * HOUR, { line: line('b1') }),
        backup(guest('lxc/101'), 3 * HOUR, { line: line('b2') }),
      ]),
      { kind: 'vmid-reused', otherLines: 2 },
    ],
    [
      'for the first time when its vmid was backed up in another cluster only',
      facts({ pve: inventory([web]) }, [backup(web, HOUR, { line: line('b1'), hostId: 'elsewhere' })]),
      { kind: 'never-backed-up' },
    ],
    [
      'when a backup of it names no line',
      facts({ pve: inventory([web]) }, [backup(web, HOUR, { line: undefined })]),
      { kind: 'never-backed-up' },
    ],
  ])('%s', (_, known, reason) => {
    expect(makePlan(daily, known).backups.map((action) => action.reason)).toEqual([reason]);
  });
});

describe('a guest is fresh', () => {
  const known = (...held: readonly ReturnType<typeof backup>[]) => facts({ pve: inventory([web]) }, held);
  it.each([
    ['by its newest backup', known(backup(web, 30 * HOUR), backup(web, HOUR)), HOUR],
    ['by a backup that another host entry made', known(backup(web, HOUR, { hostId: 'old-name' })), HOUR],
    ['by one that another clock dates a minute ahead', known(backup(web, -60_000)), 0],
    ['by one from now when another is from the future', known(backup(web, -3 * HOUR), backup(web, 0)), 0],
  ])('%s', (_, given, ageMs) => {
    const plan = makePlan(daily, given);
    expect(plan.backups).toEqual([]);
    expect(plan.fresh).toMatchObject([{ policies: ['p'], ageMs, rpoMs: 24 * HOUR }]);
  });

  it('in one repository while it is due in another', () => {
    const backups = [policy('p'), policy('q', { repository: 'away' })];
    const given = facts({ pve: inventory([web]) }, { main: [backup(web, HOUR)], away: [] });
    const plan = makePlan(site({ backups }), given);
    expect(plan.fresh).toMatchObject([{ policies: ['p'] }]);
    expect(plan.backups).toMatchObject([{ repository: 'away', policies: ['q'] }]);
  });
});

describe('a backup that is known to be damaged', () => {
  const bad = backup(web, HOUR, { id: snapshotId('bad') });
  const given = (held: readonly ReturnType<typeof backup>[], damaged: string) => {
    const known = facts({ pve: inventory([web]) }, held);
    const marked = [...known.repositories].map(
      ([name, one]) => [name, { ...one, damaged: new Set([damaged]) }] as const,
    );
    return { ...known, repositories: new Map(marked) };
  };

  it('counts as if it were not there, and is named', () => {
    const plan = makePlan(daily, given([bad, backup(web, 30 * HOUR)], bad.id));
    expect(plan.backups).toMatchObject([
      { reason: { kind: 'newest-damaged', snapshot: bad.id, ageMs: HOUR }, newest: { id: bad.id } },
    ]);
  });

  it('is known by the id that it had before', () => {
    const copied = { ...bad, id: snapshotId('c0'), original: bad.id };
    expect(refs(makePlan(daily, given([copied], bad.id)).backups)).toEqual(['qemu/101']);
  });

  it('is nothing to worry about when the one before is fresh', () => {
    const plan = makePlan(daily, given([bad, backup(web, 2 * HOUR)], bad.id));
    expect(plan.fresh).toMatchObject([{ ageMs: 2 * HOUR }]);
  });
});

describe('the strictest of several policies', () => {
  it('decides, and is named in the reason', () => {
    const backups = [policy('weekly', { rpoMs: 168 * HOUR }), policy('gold', { rpoMs: 12 * HOUR })];
    const plan = makePlan(site({ backups }), facts({ pve: inventory([web]) }, [backup(web, 15 * HOUR)]));
    expect(plan.backups).toMatchObject([
      { policies: ['weekly', 'gold'], reason: { kind: 'too-old', policy: 'gold', rpoMs: 12 * HOUR } },
    ]);
  });
});

describe('a guest that is due but cannot be dumped', () => {
  const volumes = [
    { key: 'scsi0', bytes: LARGEST_DISK_BYTES },
    { key: 'scsi1', bytes: LARGEST_DISK_BYTES + 1 },
    { key: 'scsi2', bytes: LARGEST_DISK_BYTES + 1, leftOut: 'backup=0' as const },
  ];
  const locked: Guest = { ...web, lock: 'backup' };

  it.each<[string, Guest, object]>([
    ['is locked', locked, { kind: 'guest-locked', lock: 'backup' }],
    ['has a disk of more than 8 TiB', { ...web, volumes }, { kind: 'disk-too-large', volume: 'scsi1' }],
  ])('is a problem when it %s', (_, given, problem) => {
    const plan = makePlan(daily, facts({ pve: inventory([given]) }));
    expect(plan.backups).toEqual([]);
    expect(plan.problems).toMatchObject([problem]);
  });

  it.each([
    ['qemu/101', 'backup', true],
    ['all', 'backup', true],
    ['qemu/102', 'backup', false],
    ['qemu/101', 'migrate', false],
    ['all', 'snapshot-delete', false],
  ])('may be unlocked by %s from the lock %s: %s', (unlocked, lock, may) => {
    const known = facts({ pve: inventory([{ ...web, lock }]) });
    const plan = makePlan(daily, known, { unlocked: [unlocked] });
    expect(plan.backups.map(({ unlocks }) => unlocks)).toEqual(may ? [true] : []);
    expect(plan.problems).toHaveLength(may ? 0 : 1);
  });

  it('is one problem, however many repositories want it', () => {
    const backups = [policy('p'), policy('q', { repository: 'away' })];
    const plan = makePlan(site({ backups }), facts({ pve: inventory([locked]) }, { main: [], away: [] }));
    expect(plan.problems).toHaveLength(1);
  });

  it('is none while it is fresh', () => {
    const plan = makePlan(daily, facts({ pve: inventory([locked]) }, [backup(locked, HOUR)]));
    expect(plan.problems).toEqual([]);
    expect(refs(plan.fresh)).toEqual(['qemu/101']);
  });

  it('can be a container with a mount point of more than 8 TiB: only disks have the limit', () => {
    const container = guest('lxc/105', { volumes });
    expect(refs(makePlan(daily, facts({ pve: inventory([container]) })).backups)).toEqual(['lxc/105']);
  });
});

describe('notes', () => {
  it('name what a dump leaves out, except for CD-ROM drives, and what reuse cannot be noticed for', () => {
    const machine = { kind: 'none' } as const;
    const given = guest('lxc/105', {
      identity: { line: line('c5'), machine },
      volumes: [
        { key: 'rootfs' },
        { key: 'mp0', leftOut: 'bind mount' },
        { key: 'ide2', leftOut: 'cdrom' },
        { key: 'unused0', leftOut: 'not attached' },
      ],
    });
    const plan = makePlan(daily, facts({ pve: inventory([given]) }));
    expect(plan.notes).toMatchObject([
      { kind: 'reuse-unnoticed' },
      { kind: 'volume-left-out', volume: { key: 'mp0' } },
      { kind: 'volume-left-out', volume: { key: 'unused0' } },
    ]);
  });

  it('name a policy whose rpo is shorter than the time between runs', () => {
    const backups = [policy('p', { rpoMs: 4 * HOUR })];
    expect(makePlan(site({ backups }), facts({ pve: inventory([]) })).notes).toEqual([
      { kind: 'rpo-below-cadence', policy: 'p', rpoMs: 4 * HOUR, cadenceMs: 24 * HOUR },
    ]);
  });

  it('name a repository with a single key', () => {
    const known = facts({ pve: inventory([]) });
    const repositories = new Map([
      [
        'main',
        {
          snapshots: [],
          nodeSnapshots: [],
          id: snapshotId('a0'),
          keyCount: 1,
          pinned: new Set<string>(),
          acknowledged: new Set<string>(),
          damaged: new Set<string>(),
          verified: new Map(),
        },
      ],
    ]);
    expect(makePlan(site(), { ...known, repositories }).notes).toEqual([
      { kind: 'one-key', repository: 'main' },
    ]);
  });
});

describe('a nightly run with an rpo of 24 h', () => {
  const night = fc.record({
    /** How late the run begins, in milliseconds. */
    jitter: fc.integer({ min: -2 * HOUR, max: 2 * HOUR }),
    /** From the start of the run to the start of this guest's dump. */
    wait: fc.integer({ min: 0, max: 4 * HOUR }),
    /** From the start of the dump to a second apply in the same night. */
    again: fc.integer({ min: 0, max: 4 * HOUR }),
    /** How long the dump takes. */
    durationMs: fc.integer({ min: 0, max: 20 * HOUR }),
  });

  it('backs up every night, and never twice in one', () => {
    fc.assert(
      fc.property(fc.array(night, { minLength: 1, maxLength: 30 }), (nights) => {
        const made: { readonly time: number; readonly durationMs: number }[] = [];
        const isDue = (now: number) => {
          const held = made.map(({ time, durationMs }) =>
            backup(web, NOW - time, { history: { durationMs, readBytes: 0, newBytes: 0 } }),
          );
          return makePlan(daily, { ...facts({ pve: inventory([web]) }, held), now }).backups.length === 1;
        };
        for (const [index, { jitter, wait, again, durationMs }] of nights.entries()) {
          const start = NOW + index * 24 * HOUR + jitter;
          expect(isDue(start)).toBe(true);
          made.push({ time: start + wait, durationMs });
          expect(isDue(start + wait + again)).toBe(false);
        }
      }),
    );
  });
});

describe('hosts', () => {
  it('that did not answer make the plan incomplete, and hide no other', () => {
    const hosts = [host('pve'), host('lab')];
    const backups = [policy('p', { hosts: ['lab', 'pve'] })];
    const plan = makePlan(site({ hosts, backups }), facts({ pve: inventory([web]), lab: 'no route' }));
    expect(plan.problems).toEqual([{ kind: 'host-unreachable', host: 'lab', reason: 'no route' }]);
    expect(refs(plan.backups)).toEqual(['qemu/101']);
  });
});
