import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePlan } from '../../src/plan/make-plan.ts';
import { afterBackups, backup, facts, filter, guest, HOUR, inventory, policy, site } from './sample-site.ts';

const hours = (from: number, to: number) => fc.integer({ min: from * HOUR, max: to * HOUR });
const guests = fc.uniqueArray(fc.integer({ min: 100, max: 130 }), { maxLength: 12 }).chain((vmids) =>
  fc.tuple(
    ...vmids.map((vmid) =>
      fc.record({ tagged: fc.boolean(), locked: fc.boolean(), pool: fc.constantFrom('a', 'b') }).map((made) =>
        guest(`${vmid % 3 === 0 ? 'lxc' : 'qemu'}/${vmid}`, {
          tags: made.tagged ? ['gold'] : [],
          pool: made.pool,
          ...(made.locked ? { lock: 'backup' } : {}),
        }),
      ),
    ),
  ),
);
const policies = fc.array(
  fc.record({
    rpoMs: hours(1, 200),
    repository: fc.constantFrom('main', 'away'),
    pool: fc.constantFrom('a', 'b', undefined),
    goldOnly: fc.boolean(),
  }),
  { maxLength: 4 },
);
const world = fc.record({
  guests,
  policies,
  cadenceMs: hours(1, 48),
  ages: fc.array(fc.record({ guest: fc.nat(), ageMs: hours(-5, 300), away: fc.boolean() }), {
    maxLength: 20,
  }),
});

describe('for any site, guests and history', () => {
  it('a plan that was carried out leaves nothing to back up', () => {
    fc.assert(
      fc.property(world, (made) => {
        const [declared, before] = build(made);
        const plan = makePlan(declared, before);
        expect(makePlan(declared, afterBackups(before, plan)).backups).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('each guest is backed up, fresh, a problem, or not covered', () => {
    fc.assert(
      fc.property(world, (made) => {
        const [declared, known] = build(made);
        const plan = makePlan(declared, known);
        const blocked = plan.problems.flatMap((problem) =>
          problem.kind === 'guest-locked' ? [problem] : [],
        );
        const named = [...plan.backups, ...plan.fresh, ...plan.uncovered, ...blocked];
        const vmids = new Set(named.map((entry) => entry.guest.ref.vmid));
        expect(vmids.size).toBe(made.guests.length);
      }),
    );
  });

  it('the same facts give the same plan', () => {
    fc.assert(
      fc.property(world, (made) => {
        expect(makePlan(...build(made))).toEqual(makePlan(...build(made)));
      }),
      { numRuns: 30 },
    );
  });
});

type World = typeof world extends fc.Arbitrary<infer Made> ? Made : never;

function build(made: World): [ReturnType<typeof site>, ReturnType<typeof facts>] {
  const backups = made.policies.map(({ rpoMs, repository, pool, goldOnly }, index) =>
    policy(`p${index}`, {
      rpoMs,
      repository,
      select: pool === undefined ? { kind: 'all' } : { kind: 'pool', pool },
      include: goldOnly ? filter({ tags: ['gold'] }) : undefined,
    }),
  );
  const held = (away: boolean) =>
    made.ages.flatMap((entry) => {
      const of = made.guests[entry.guest % Math.max(1, made.guests.length)];
      return of === undefined || entry.away !== away ? [] : [backup(of, entry.ageMs)];
    });
  const known = facts(
    { pve: inventory(made.guests, { pools: ['a', 'b'] }) },
    { main: held(false), away: held(true) },
  );
  return [site({ cadenceMs: made.cadenceMs, backups }), known];
}
