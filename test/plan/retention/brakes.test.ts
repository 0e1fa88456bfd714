import { describe, expect, it } from 'vitest';
import type { GuestSnapshot } from '../../../src/plan/facts.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import { growthLimit, suspiciousGrowth } from '../../../src/plan/retention/suspicious-growth.ts';
import type { Guest } from '../../../src/pve/inventory.ts';
import { backup, facts, guest, HOUR, host, inventory, policy, refs, site } from '../sample-site.ts';

const DAY = 24 * HOUR;
const GIB = 2 ** 30;
const web = guest('qemu/101');
const mail = guest('qemu/102');
const nightly = (of: Guest, count: number) =>
  Array.from({ length: count }, (_, night) => backup(of, night * DAY + HOUR));

function planOf(last: number, share: number, { atLeast = 0, released = [] as string[] } = {}) {
  const guards = { forgetMax: { share, atLeast } };
  const backups = [policy('gold', { retention: { last } })];
  const snapshots = [...nightly(web, 10), ...nightly(mail, 10)];
  const known = facts({ pve: inventory([web, mail]) }, snapshots);
  return makePlan(site({ backups, guards }), known, { released });
}

describe('more than forget_max', () => {
  it.each([
    ['one of each guest is rotation, and counts for nothing', 9, 0, 0, 2],
    ['two of each count as one of each: 2 of 20 are a tenth', 8, 0.1, 0, 2],
    ['and are more than a twentieth', 8, 0.05, 0, 0],
    ['half of all is held', 5, 0.1, 0, 0],
    ['so many may always go', 5, 0.1, 8, 2],
    ['but no more than those', 5, 0.1, 7, 0],
    ['all may go where the site says so', 1, 1, 0, 2],
  ])('%s', (_, last, share, atLeast, going) => {
    const plan = planOf(last, share, { atLeast });
    expect(plan.forgets).toHaveLength(going);
    expect(plan.held).toHaveLength(2 - going);
  });

  it('is held with what would go, and why', () => {
    const [held] = planOf(5, 0.1).held;
    expect(held?.forget).toHaveLength(5);
    expect(held?.reason).toEqual({ kind: 'forget-max', going: 10, of: 20, share: 0.1 });
  });

  it.each([
    [['qemu/102'], ['qemu/102']],
    [['all'], ['qemu/101', 'qemu/102']],
    [['lxc/102'], []],
  ])('goes for %j, which are allowed by name', (released, going) => {
    const plan = planOf(5, 0.1, { released });
    expect(refs(plan.forgets)).toEqual(going);
    expect(plan.held).toHaveLength(2 - going.length);
  });

  it('is no matter where the site has no guard', () => {
    const backups = [policy('gold', { retention: { last: 1 } })];
    const known = facts({ pve: inventory([web]) }, nightly(web, 10));
    expect(makePlan(site({ backups }), known)).toMatchObject({ held: [], forgets: [{}] });
  });
});

describe('a policy of which a host could not be asked', () => {
  const hosts = [host('pve'), host('other')];
  const keepsLittle = policy('little', { retention: { last: 1 } });
  const keepsMuch = policy('much', { hosts: ['other'], retention: { last: 50 } });
  const made = (policies: readonly string[]) => nightly(web, 4).map((one) => ({ ...one, policies }));
  const planWith = (snapshots: readonly GuestSnapshot[], other: ReturnType<typeof inventory> | string) =>
    makePlan(
      site({ hosts, backups: [keepsLittle, keepsMuch] }),
      facts({ pve: inventory([web]), other }, snapshots),
      { released: ['all'] },
    );

  it('keeps what it has kept so far, whatever is allowed', () => {
    const plan = planWith(made(['little', 'much']), 'no route');
    expect(plan.forgets).toEqual([]);
    expect(plan.held).toMatchObject([{ reason: { kind: 'policies-unasked', policies: ['much'] } }]);
  });

  it('has no say where it never kept anything, and none once its host says that the guest is not there', () => {
    expect(planWith(made(['little']), 'no route')).toMatchObject({ forgets: [{}], held: [] });
    const elsewhere = inventory([mail], { clusterFingerprint: 'bb'.repeat(32) });
    expect(planWith(made(['little', 'much']), elsewhere)).toMatchObject({ forgets: [{}], held: [] });
  });
});

/** Backups of one guest, oldest first, each by its new bytes. */
function grown(...newBytes: readonly number[]): readonly GuestSnapshot[] {
  return newBytes.map((bytes, index) =>
    backup(web, (newBytes.length - index) * DAY, {
      history: { durationMs: 1, readBytes: 64 * GIB, newBytes: bytes },
    }),
  );
}

const NOBODY = new Set<string>();

describe('suspicious growth', () => {
  it.each([
    ['the first backup of a line is all new', grown(60 * GIB), undefined],
    ['nothing is usual before there are some', grown(60 * GIB, GIB, GIB, 50 * GIB), undefined],
    [
      'far above what is usual',
      grown(60 * GIB, GIB, GIB, GIB, 50 * GIB),
      { newBytes: 50 * GIB, usualBytes: GIB },
    ],
    ['ten times is not yet', grown(60 * GIB, GIB, GIB, GIB, 10 * GIB), undefined],
    ['a little of nothing is not worth a word', grown(60 * GIB, 0, 0, 0, GIB), undefined],
    ['more than that is', grown(60 * GIB, 0, 0, 0, GIB + 1), { newBytes: GIB + 1, usualBytes: 0 }],
    [
      'quiet backups after it change nothing',
      grown(60 * GIB, GIB, GIB, GIB, 50 * GIB, 0, 0),
      { newBytes: 50 * GIB },
    ],
  ])('%s', (_, snapshots, expected) => {
    const found = suspiciousGrowth(snapshots, NOBODY);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(expected);
  });

  it('is over once somebody has looked at it, by its id or its original', () => {
    const snapshots = grown(60 * GIB, GIB, GIB, GIB, 50 * GIB);
    const id = snapshots.at(-1)?.id ?? '';
    expect(suspiciousGrowth(snapshots, new Set([id]))).toBeUndefined();
    const rewritten = snapshots.map((one) => (one.id === id ? { ...one, id: 'ff', original: id } : one));
    expect(suspiciousGrowth(rewritten, new Set([id]))).toBeUndefined();
  });

  it('of the backup to come is told by a limit, once anything is usual', () => {
    expect(growthLimit(grown(60 * GIB, GIB, GIB))).toBeUndefined();
    expect(growthLimit(grown(60 * GIB, GIB, GIB, GIB))).toBe(10 * GIB);
    expect(growthLimit(grown(60 * GIB, 0, 0, 0))).toBe(GIB);
    const known = facts({ pve: inventory([web]) }, grown(60 * GIB, GIB, GIB, GIB));
    const plan = makePlan(site({ backups: [policy('gold', { retention: { last: 2 } })] }), known);
    expect(plan.forgets).toMatchObject([{ afterBackup: true, mostNewBytes: 10 * GIB }]);
  });

  it('of backups that do not tell what they brought is not known', () => {
    expect(suspiciousGrowth(nightly(web, 10), NOBODY)).toBeUndefined();
  });

  it('keeps all that the guest has, whatever is allowed', () => {
    const snapshots = grown(60 * GIB, GIB, GIB, GIB, 50 * GIB);
    const backups = [policy('gold', { retention: { last: 1 } })];
    const known = facts({ pve: inventory([web]) }, snapshots);
    const plan = makePlan(site({ backups }), known, { released: ['all'] });
    expect(plan.forgets).toEqual([]);
    expect(plan.held).toMatchObject([{ reason: { kind: 'suspicious' } }]);
    expect(plan.suspicious).toMatchObject([{ guest: { ref: web.ref }, policies: ['gold'] }]);
  });
});
