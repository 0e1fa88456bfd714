import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Adoption, Facts } from '../../../src/plan/facts.ts';
import { goesOnIn, joinLines } from '../../../src/plan/lines/join-lines.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import { backup, facts, guest, HOUR, inventory, line, policy, site } from '../sample-site.ts';

const DAY = 24 * HOUR;
const [A, B, C] = [line('a'), line('b'), line('c')];

function adopted(known: Facts, adoptions: Readonly<Record<string, Adoption>>): Facts {
  const repositories = [...known.repositories].map(
    ([name, held]) => [name, { ...held, adoptions: new Map(Object.entries(adoptions)) }] as const,
  );
  return { ...known, repositories: new Map(repositories) };
}

describe('the history of a line goes on', () => {
  it.each<[string, Readonly<Record<string, Adoption>>, readonly (typeof A)[], typeof A]>([
    ['in itself', {}, [], A],
    ['in the one that adopted it', { [A]: { to: B } }, [], B],
    ['over as many as there are', { [A]: { to: B }, [B]: { to: C } }, [], C],
    ['in itself once that was taken back', { [A]: { to: B, undone: true } }, [], A],
    ['up to where one was taken back', { [A]: { to: B }, [B]: { to: C, undone: true } }, [], B],
    ['in itself while its machine is there', { [A]: { to: B } }, [A], A],
    ['up to the first whose machine is there', { [A]: { to: B }, [B]: { to: C } }, [B], B],
    ['in itself where it leads in a circle', { [A]: { to: B }, [B]: { to: A } }, [], A],
    ['in itself where it leads into a circle', { [A]: { to: B }, [B]: { to: C }, [C]: { to: B } }, [], A],
    ['out of a circle to a machine that is there', { [A]: { to: B }, [B]: { to: A } }, [B], B],
  ])('%s', (_, adoptions, alive, expected) => {
    expect(goesOnIn(A, new Map(Object.entries(adoptions)), new Set(alive))).toBe(expected);
  });

  it('in one place, however often they are joined', () => {
    const lines = fc.constantFrom(...[1, 2, 3, 4, 5].map((seed) => line(String(seed))));
    const adoption = fc.record({ to: lines }).map((one): Adoption => one);
    fc.assert(
      fc.property(
        fc.dictionary(lines, adoption),
        fc.array(lines),
        fc.array(lines),
        (adoptions, made, alive) => {
          const guests = alive.map((one, index) =>
            guest(`qemu/${200 + index}`, { identity: { line: one, machine: { kind: 'none' } } }),
          );
          const snapshots = made.map((one, index) => backup(guest('qemu/101'), index * HOUR, { line: one }));
          const known = adopted(facts({ pve: inventory(guests) }, snapshots), adoptions);
          const once = joinLines(known);
          expect(joinLines(once)).toEqual(once);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a guest that goes on with the history of another line', () => {
  const web = guest('qemu/201', { name: 'web' });
  const old = guest('qemu/101');
  const declared = site({ backups: [policy('all', { retention: { last: 3 } })], orphans: { keepMs: DAY } });
  const plan = (snapshots: Parameters<typeof facts>[1], guests = [web]) =>
    makePlan(
      declared,
      adopted(facts({ pve: inventory(guests) }, snapshots), {
        [old.identity.line]: { to: web.identity.line },
      }),
    );
  const before = [1, 2, 3, 4].map((days) => backup(old, days * DAY));

  it('is due as if it had never been another, from the newest backup of the two', () => {
    expect(plan(before).backups).toMatchObject([
      {
        identity: web.identity,
        newest: { id: before[0]?.id, guest: old.ref },
        reason: { kind: 'too-old-before-next-run' },
      },
    ]);
    expect(plan([backup(old, 60_000)]).fresh).toMatchObject([{ guest: { ref: web.ref } }]);
  });

  it('has one retention over both, and leaves no orphan', () => {
    const made = plan([backup(web, HOUR), ...before]);
    expect(made.orphans).toEqual([]);
    expect(made.forgets).toMatchObject([
      { guest: { ref: web.ref }, forget: [{ id: before[3]?.id }, { id: before[2]?.id }] },
    ]);
  });

  it('is proved by what was proved of the old line', () => {
    const verifying = site({ backups: [policy('all', { verifyWithinMs: 7 * DAY })] });
    const [newest] = before;
    if (newest === undefined) throw new Error('no backup');
    const known = adopted(facts({ pve: inventory([web]) }, [backup(old, 60_000, { id: newest.id })]), {
      [old.identity.line]: { to: web.identity.line },
    });
    const proved = new Map([
      ['pve /qemu/101', { id: newest.id, madeAt: known.now - 60_000, provedAt: known.now }],
    ]);
    const held = [...known.repositories].map(([name, one]) => [name, { ...one, proved }] as const);
    expect(makePlan(verifying, { ...known, repositories: new Map(held) }).verifies).toEqual([]);
    expect(makePlan(verifying, known).verifies).toMatchObject([{ snapshot: { id: newest.id } }]);
  });

  it('is apart from it as long as the other machine is there', () => {
    const made = plan(before, [web, old]);
    expect(made.backups.map(({ guest: { ref }, reason }) => [ref.vmid, reason.kind])).toEqual([
      [201, 'never-backed-up'],
      [101, 'too-old-before-next-run'],
    ]);
  });

  it('is told so, and that a machine that is there was adopted', () => {
    const place = { repository: 'main', host: 'pve' };
    expect(plan(before).notes).toEqual([
      {
        kind: 'history-joined',
        ...place,
        guest: { ref: web.ref, name: 'web', node: 'pve' },
        from: { hostId: 'pve', guest: old.ref },
        snapshots: 4,
      },
    ]);
    expect(plan(before, [web, old]).notes).toEqual([
      { kind: 'adopted-and-there', ...place, guest: { ref: old.ref, node: 'pve' } },
    ]);
    expect(plan(before, []).notes).toEqual([]);
  });

  it('is one orphan with it once both are gone', () => {
    expect(plan([backup(web, 2 * DAY), ...before], []).orphans).toMatchObject([
      { guest: { ref: old.ref }, line: web.identity.line, snapshots: 5 },
    ]);
  });
});
