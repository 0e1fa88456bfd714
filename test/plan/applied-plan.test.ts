import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackupPolicy, MovedGuest, RestoreEntry, Retention, Site } from '../../src/config/site.ts';
import type { Adoption, Facts, GuestSnapshot, HostFacts } from '../../src/plan/facts.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { plannedActions } from '../../src/plan/planned-actions.ts';
import type { Guest } from '../../src/pve/inventory.ts';
import { parseCron } from '../../src/schedule/cron-line.ts';
import { parseWindow } from '../../src/schedule/daily-window.ts';
import { appliedFacts } from './applied-facts.ts';
import {
  backup,
  facts,
  filter,
  guest,
  HOUR,
  host,
  intent,
  inventory,
  line,
  node,
  policy,
  site,
  snapshotId,
  vmid,
} from './sample-site.ts';

const hours = (from: number, to: number) => fc.integer({ min: from * HOUR, max: to * HOUR });
const keeps = fc.constantFrom<Retention | undefined>(
  undefined,
  { last: 1 },
  { last: 2, daily: 3 },
  { hourly: 5, weekly: 2 },
  { monthly: 2, yearly: 1 },
  { withinMs: 40 * HOUR },
);
const world = fc.record({
  guests: fc.uniqueArray(
    fc.record({
      vmid: fc.integer({ min: 100, max: 112 }),
      tagged: fc.boolean(),
      locked: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
      elsewhere: fc.boolean(),
    }),
    { selector: (made) => made.vmid, maxLength: 8 },
  ),
  policies: fc.array(
    fc.record({
      rpoMs: hours(1, 200),
      repository: fc.constantFrom('main', 'away'),
      goldOnly: fc.boolean(),
      retention: keeps,
      schedule: fc.constantFrom(undefined, undefined, '0 2 * * *', '30 22 * * sat', '0 */6 * * *'),
      window: fc.constantFrom(undefined, undefined, '01:00-05:00', '09:00-17:00'),
      isFallback: fc.boolean(),
      verifyWithinMs: fc.option(hours(1, 400), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  cadenceMs: hours(1, 48),
  prunedEveryMs: fc.option(hours(1, 400), { nil: undefined }),
  history: fc.array(
    fc.record({
      vmid: fc.integer({ min: 100, max: 112 }),
      // Some are of the same moment.
      ageMs: fc.oneof(
        hours(0, 2000),
        fc.nat(12).map((n) => n * 160 * HOUR),
      ),
      away: fc.boolean(),
      otherLine: fc.integer({ min: 0, max: 5 }).map((dice) => dice === 0),
    }),
    { maxLength: 40 },
  ),
  marked: fc.array(fc.nat(39), { maxLength: 4 }),
  adoptions: fc.array(
    fc.record({
      from: fc.integer({ min: 100, max: 112 }),
      to: fc.integer({ min: 100, max: 112 }),
      isUndone: fc.integer({ min: 0, max: 4 }).map((dice) => dice === 0),
    }),
    { maxLength: 4 },
  ),
  /** Each goes to a vmid that is higher by the number that both share. */
  moved: fc.record({
    from: fc.uniqueArray(fc.integer({ min: 100, max: 112 }), { maxLength: 4 }),
    by: fc.constantFrom(3, 6),
    changesHost: fc.boolean(),
  }),
  orphanKeepMs: fc.option(hours(1, 1500), { nil: undefined }),
  restores: fc.array(
    fc.record({
      from: fc.integer({ min: 100, max: 112 }),
      to: fc.integer({ min: 100, max: 115 }),
      away: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
});
type World = typeof world extends fc.Arbitrary<infer Made> ? Made : never;

describe('for any site and history', () => {
  it('a plan that was carried out leaves nothing to do', () => {
    fc.assert(
      fc.property(world, (made) => {
        const [declared, before] = build({ ...made, restores: [] });
        const plan = makePlan(declared, before);
        expect(plannedActions(makePlan(declared, appliedFacts(declared, before, plan)))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('each restore takes two more runs at most: what it made is backed up, and another one may wait for that', () => {
    fc.assert(
      fc.property(world, (made) => {
        const [declared, before] = build(made);
        let now = before;
        for (let runs = 0; runs <= 2 * made.restores.length; runs++)
          now = appliedFacts(declared, now, makePlan(declared, now));
        expect(plannedActions(makePlan(declared, now))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('copies that follow their originals are restored once, until there is a newer backup', () => {
    fc.assert(
      fc.property(world, fc.nat(), (made, choice) => {
        const [declared, before] = build({ ...made, restores: [] });
        const { manual, repository } = intent('');
        const mirror: RestoreEntry = {
          name: 'mirror',
          repository,
          select: { fromHostId: 'pve', tags: [] },
          to: { host: 'ber', vmidOffset: 1000, unique: true, start: false },
          when: 'changed',
          onExisting: 'replace',
          manual,
        };
        const mirrored = { ...declared, backups: [], restores: [mirror] };
        const first = makePlan(mirrored, before);
        const after = appliedFacts(mirrored, before, first);
        expect(makePlan(mirrored, after).restores).toEqual([]);
        const one = first.restores[choice % Math.max(1, first.restores.length)];
        if (one === undefined) return;
        expect(makePlan(mirrored, withNewer(after, one.snapshot)).restores).toMatchObject([
          { intent: one.intent, reason: { kind: 'target-changed', from: one.snapshot.id } },
        ]);
      }),
      { numRuns: 100 },
    );
  });

  it('forgetting leaves the last good one of each line that is not an orphan, and what is pinned', () => {
    fc.assert(
      fc.property(world, (made) => {
        const [declared, before] = build(made);
        const plan = makePlan(declared, before);
        for (const { repository, forget, keep, orphan } of plan.forgets) {
          const { pinned, damaged } = before.repositories.get(repository) ?? {
            pinned: new Set(),
            damaged: new Set(),
          };
          expect(forget.filter(({ id }) => pinned.has(id))).toEqual([]);
          if (orphan !== undefined) continue;
          const after = appliedFacts(declared, before, plan).repositories.get(repository)?.snapshots ?? [];
          const [one] = [...forget, ...keep.map(({ snapshot }) => snapshot)];
          const names = new Set([...forget, ...keep.map(({ snapshot }) => snapshot)].map(({ id }) => id));
          const ofLine = (all: readonly GuestSnapshot[]) =>
            all.filter((each) => (names.has(each.id) || each.line === one?.line) && !damaged.has(each.id));
          const had = ofLine(before.repositories.get(repository)?.snapshots ?? []);
          if (had.length > 0) expect(ofLine(after).length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('a line loses all it has only as an orphan whose time is over, on a host that shows all it holds', () => {
    fc.assert(
      fc.property(world, fc.constantFrom('answers', 'silent', 'half off'), (made, ber) => {
        const [declared, all] = build(made);
        const before = { ...all, hosts: new Map([...all.hosts, ['ber', berlin(all, ber)]]) };
        const plan = makePlan(declared, before);
        const alive = [...before.hosts.values()].flatMap((found) =>
          found.kind === 'reached' ? found.inventory.guests.map(({ identity }) => identity.line) : [],
        );
        for (const { orphan, forget, keep, repository } of plan.forgets) {
          if (orphan === undefined) continue;
          const newest = Math.max(
            ...[...forget, ...keep.map(({ snapshot }) => snapshot)].map(({ time }) => time),
          );
          expect(newest + (made.orphanKeepMs ?? Number.POSITIVE_INFINITY)).toBeLessThan(before.now);
          expect(alive).not.toContain(orphan.line);
          expect(forget.filter(({ line: of }) => of !== orphan.line)).toEqual([]);
          const tagged = before.repositories.get(repository)?.snapshots ?? [];
          const going = new Set(forget.map(({ id }) => id));
          expect(
            tagged.filter(({ id, line: own }) => going.has(id) && alive.includes(own ?? line('0'))),
          ).toEqual([]);
          const mayBeThere = ber === 'silent' || (ber === 'half off' && orphan.why.kind === 'gone');
          if (mayBeThere) expect(forget.filter(({ hostId }) => hostId === 'ber')).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('no snapshot of a machine that is there counts for another one', () => {
    fc.assert(
      fc.property(world, (made) => {
        const [declared, before] = build(made);
        const plan = makePlan(declared, before);
        for (const [name, { snapshots }] of before.repositories) {
          const ownLine = new Map(snapshots.map(({ id, line: own }) => [id, own]));
          const alive = new Set(
            [...before.hosts.values()].flatMap((found) =>
              found.kind === 'reached' ? found.inventory.guests.map(({ identity }) => identity.line) : [],
            ),
          );
          const counted = [
            ...plan.backups.flatMap((one) =>
              one.newest === undefined ? [] : [{ ...one, snapshot: one.newest, of: one.identity.line }],
            ),
            ...plan.forgets.flatMap((one) =>
              one.forget.map((snapshot) => ({ ...one, snapshot, of: snapshot.line })),
            ),
          ].filter(({ repository }) => repository === name);
          for (const { snapshot, of } of counted) {
            const own = ownLine.get(snapshot.id);
            if (own !== undefined && alive.has(own)) expect(of).toBe(own);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('keeping orphans for longer forgets no more of them, and never changes what else is forgotten', () => {
    fc.assert(
      fc.property(world, hours(1, 1500), (made, longer) => {
        const { orphanKeepMs = HOUR } = made;
        const forgets = (keepMs: number) => {
          const [declared, before] = build({ ...made, orphanKeepMs: keepMs });
          return makePlan(declared, before).forgets;
        };
        const [few, many] = [forgets(orphanKeepMs + longer), forgets(orphanKeepMs)];
        const ids = (all: typeof few) => all.flatMap(({ forget }) => forget.map(({ id }) => id));
        expect(ids(many)).toEqual(expect.arrayContaining([...ids(few)]));
        const ofPolicies = (all: typeof few) => all.filter(({ orphan }) => orphan === undefined);
        expect(ofPolicies(few)).toEqual(ofPolicies(many));
      }),
      { numRuns: 200 },
    );
  });

  it('the order in which hosts and repositories tell what they have changes nothing', () => {
    fc.assert(
      fc.property(world, (made) => {
        const [declared, before] = build(made);
        const shuffled: Facts = {
          ...before,
          hosts: new Map([...before.hosts].toReversed()),
          repositories: new Map(
            [...before.repositories].map(([name, held]) => [
              name,
              { ...held, snapshots: held.snapshots.toReversed() },
            ]),
          ),
        };
        expect(makePlan(declared, shuffled)).toEqual(makePlan(declared, before));
        expect(makePlan(declared, before)).toEqual(makePlan(declared, before));
      }),
      { numRuns: 100 },
    );
  });
});

function withNewer(facts: Facts, of: GuestSnapshot): Facts {
  const newer = { ...of, id: snapshotId('1e3e'), time: facts.now + 1 };
  const repositories = [...facts.repositories].map(([name, held]) => {
    return [name, name === 'main' ? { ...held, snapshots: [...held.snapshots, newer] } : held] as const;
  });
  return { ...facts, repositories: new Map(repositories) };
}

function build(made: World): readonly [Site, Facts] {
  const hosts = [host('pve', { configBackup: true }), host('ber')];
  const backups = made.policies.map(
    ({ rpoMs, repository, goldOnly, retention, verifyWithinMs, ...hours }, index) =>
      policy(`p${index}`, {
        hosts: ['pve', 'ber'],
        rpoMs,
        repository,
        include: goldOnly ? filter({ tags: ['gold'] }) : undefined,
        ...(retention !== undefined && { retention }),
        ...(verifyWithinMs !== undefined && { verifyWithinMs }),
        ...hoursOf(hours),
      }),
  );
  const restores = made.restores.map(({ from, to, away }, index) =>
    intent(`r${index}`, {
      guest: { type: typeOf(from), vmid: vmid(from) },
      to: { host: away ? 'ber' : 'pve', vmid: vmid(to), unique: true, start: false },
    }),
  );
  const repositories = new Map(
    ['main', 'away'].map((name) => [
      name,
      {
        name,
        path: `/${name}`,
        password: { kind: 'env', name: 'PASSWORD' },
        ...(made.prunedEveryMs !== undefined && {
          prune: { everyMs: made.prunedEveryMs, mostUnusedShare: 0.1 },
        }),
      } as const,
    ]),
  );
  const declared = site({
    cadenceMs: made.cadenceMs,
    hosts,
    repositories,
    backups,
    restores,
    moved: made.moved.from.map((from) => moveOf(from, made.moved)),
    ...(made.orphanKeepMs !== undefined && { orphans: { keepMs: made.orphanKeepMs } }),
  });
  const known = facts(
    {
      pve: inventory(made.guests.filter((one) => !one.elsewhere).map(asGuest)),
      ber: inventory(
        made.guests.filter((one) => one.elsewhere).map((one) => ({ ...asGuest(one), node: node('ber1') })),
        {
          clusterFingerprint: 'bb'.repeat(32),
          localNode: node('ber1'),
          nodes: [{ name: node('ber1'), online: true }],
        },
      ),
    },
    { main: historyIn(made, false), away: historyIn(made, true) },
  );
  return [declared, { ...known, repositories: withMarks(made, known.repositories) }];
}

function berlin({ hosts }: Facts, how: 'answers' | 'silent' | 'half off'): HostFacts {
  const found = hosts.get('ber');
  if (found?.kind !== 'reached' || how === 'silent') return { kind: 'unreachable', reason: 'no route' };
  const off = { name: node('ber2'), online: false };
  const nodes = how === 'answers' ? found.inventory.nodes : [...found.inventory.nodes, off];
  return { ...found, inventory: { ...found.inventory, nodes } };
}

function hoursOf({
  schedule: cron,
  window,
  isFallback,
}: Pick<World['policies'][number], 'schedule' | 'window' | 'isFallback'>): Partial<BackupPolicy> {
  const timeZone = 'Europe/Berlin';
  const parsed = cron === undefined ? undefined : parseCron(cron);
  const open = window === undefined ? undefined : parseWindow(window);
  return {
    ...(cron !== undefined && parsed?.kind === 'cron' && { schedule: { cron, line: parsed.line, timeZone } }),
    ...(open !== undefined && { window: { ...open, timeZone } }),
    ...(isFallback && { fallback: true }),
  };
}

function moveOf(from: number, { by, changesHost }: World['moved']): MovedGuest {
  const to = changesHost ? 'ber' : 'pve';
  return {
    from: { hostId: 'pve', guest: { type: typeOf(from), vmid: vmid(from) } },
    to: { host: to, hostId: to, guest: { type: typeOf(from), vmid: vmid(from + by) } },
  };
}

function adoptionsOf({ adoptions }: World): ReadonlyMap<string, Adoption> {
  return new Map(
    adoptions.map(({ from, to, isUndone }) => [
      lineOf(from),
      { to: lineOf(to), ...(isUndone && { undone: true }) },
    ]),
  );
}

function lineOf(id: number) {
  return guest(`${typeOf(id)}/${id}`).identity.line;
}

function withMarks(made: World, repositories: Facts['repositories']): Facts['repositories'] {
  return new Map(
    [...repositories].map(([name, held]) => {
      const ids = made.marked.flatMap((index) => held.snapshots[index]?.id ?? []);
      return [
        name,
        {
          ...held,
          adoptions: adoptionsOf(made),
          pinned: new Set(ids.slice(0, 2)),
          damaged: new Set(ids.slice(2)),
        },
      ];
    }),
  );
}

function typeOf(id: number): 'qemu' | 'lxc' {
  return id % 3 === 0 ? 'lxc' : 'qemu';
}

function asGuest({ vmid: id, tagged, locked }: World['guests'][number]): Guest {
  return guest(`${typeOf(id)}/${id}`, {
    tags: tagged ? ['gold'] : [],
    ...(locked && { lock: 'backup' }),
  });
}

function historyIn({ history, guests }: World, away: boolean): readonly GuestSnapshot[] {
  return history.flatMap(({ vmid: id, ageMs, away: isAway, otherLine }, index) => {
    if (isAway !== away) return [];
    const known = guests.find((one) => one.vmid === id);
    const of = guest(`${typeOf(id)}/${id}`);
    return [
      backup(of, ageMs, {
        id: snapshotId(`5a${index.toString(16).padStart(4, '0')}`),
        hostId: known?.elsewhere === true ? 'ber' : 'pve',
        ...(otherLine && { line: line('77ab') }),
      }),
    ];
  });
}
