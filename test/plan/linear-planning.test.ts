import { expect, it } from 'vitest';
import type { GuestSnapshot } from '../../src/plan/facts.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { Guest } from '../../src/pve/inventory.ts';
import { backup, facts, guest, HOUR, host, inventory, line, node, policy, site } from './sample-site.ts';

const SNAPSHOTS_EACH = 10;

it('four times as many guests are planned with about four times as many looks at guests and snapshots', () => {
  const small = looksFor(50);
  const large = looksFor(200);
  expect(large / small).toBeLessThan(4.5);
  expect(large / (200 * SNAPSHOTS_EACH)).toBeLessThan(100);
});

/** How often the planner reads a member of a guest or of a snapshot. */
function looksFor(count: number): number {
  let looks = 0;
  const watched = <Value extends object>(value: Value): Value =>
    new Proxy(value, {
      get: (target, key, receiver) => {
        looks += 1;
        return Reflect.get(target, key, receiver);
      },
    });
  const guests = Array.from({ length: count }, (_, index) =>
    guest(`qemu/${1000 + index}`, {
      identity: { line: line((0xabc000 + index).toString(16)), machine: { kind: 'none' } },
      ...(index % 4 === 0 && { pool: 'gold' }),
    }),
  );
  const lab = inventory([], {
    clusterFingerprint: 'bb'.repeat(32),
    localNode: node('lab1'),
    nodes: [{ name: node('lab1'), online: true }],
  });
  const plan = makePlan(
    site({
      hosts: [host('pve'), host('lab')],
      restores: [
        {
          name: 'all',
          repository: 'main',
          select: { fromHostId: 'pve', tags: [] },
          to: { host: 'lab', vmidOffset: 5000, unique: true, start: false },
          onExisting: 'fail',
          manual: false,
        },
      ],
      backups: [
        policy('gold', { select: { kind: 'pool', pool: 'gold' }, retention: { last: 3 } }),
        policy('all', { retention: { daily: 5, weekly: 2 } }),
      ],
    }),
    facts(
      { pve: inventory(guests.map(watched<Guest>), { pools: ['gold'] }), lab },
      guests.flatMap((one, index) => historyOf(one, index)).map(watched<GuestSnapshot>),
    ),
  );
  expect(plan.backups).toHaveLength(count / 2);
  expect(plan.restores).toHaveLength(count);
  expect(plan.forgets.length).toBeGreaterThan(count / 2);
  return looks;
}

function historyOf(of: Guest, index: number): readonly GuestSnapshot[] {
  return Array.from({ length: SNAPSHOTS_EACH }, (_, day) =>
    backup(of, ((index % 2) * 20 + 1 + day * 24) * HOUR),
  );
}
