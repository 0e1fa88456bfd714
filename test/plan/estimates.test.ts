import { describe, expect, it } from 'vitest';
import { estimateBackup } from '../../src/plan/estimate-backup.ts';
import { expectedRun } from '../../src/plan/expected-run.ts';
import type { BackupHistory } from '../../src/plan/facts.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { Guest } from '../../src/pve/inventory.ts';
import { backup, facts, guest, HOUR, host, inventory, node, policy, site } from './sample-site.ts';

const GIB = 2 ** 30;
const MINUTE = 60_000;
const disks = [
  { key: 'scsi0', bytes: 32 * GIB },
  { key: 'scsi1', bytes: 8 * GIB, leftOut: 'backup=0' as const },
];
const vm = guest('qemu/101', { volumes: disks });
const container = guest('lxc/105', { volumes: disks });
const took = (minutes: number, newGib: number, readGib = 30): BackupHistory => {
  return { durationMs: minutes * MINUTE, newBytes: newGib * GIB, readBytes: readGib * GIB };
};
/** Newest first, a day apart. */
const past = (...histories: readonly (BackupHistory | undefined)[]) =>
  histories.map((history, day) => backup(vm, (day + 1) * 24 * HOUR, history && { history }));

describe('what a backup is likely to take', () => {
  it.each([
    ['of a VM without any, is the size of its disks', vm, [], { readBytes: 32 * GIB }],
    [
      'of a VM reads its disks as they are now',
      vm,
      past(took(6, 1)),
      { readBytes: 32 * GIB, newBytes: GIB, durationMs: 6 * MINUTE },
    ],
    [
      'of a container reads what it read before',
      container,
      past(took(6, 1, 5)),
      { readBytes: 5 * GIB, newBytes: GIB, durationMs: 6 * MINUTE },
    ],
    ['of a container without any is, at most, its size', container, [], { readBytes: 32 * GIB }],
    ['of a guest of which nothing is known is not guessed', guest('qemu/9999'), past(undefined), {}],
    [
      'is the median of the last five that tell',
      vm,
      past(undefined, took(10, 3), took(200, 90), took(12, 1), took(8, 2), took(11, 4), took(999, 999)),
      { readBytes: 32 * GIB, newBytes: 3 * GIB, durationMs: 11 * MINUTE },
    ],
    [
      'of two takes the longer time, and what came after the first',
      vm,
      past(took(3, 1), took(30, 32)),
      { readBytes: 32 * GIB, newBytes: GIB, durationMs: 30 * MINUTE },
    ],
  ])('%s', (_, of, snapshots, estimate) => {
    expect(estimateBackup(of, snapshots)).toEqual(estimate);
  });

  it('stands at the action', () => {
    const known = facts({ pve: inventory([vm]) }, past(took(6, 1)));
    expect(makePlan(site({ backups: [policy('p')] }), known).backups).toMatchObject([
      { estimate: { readBytes: 32 * GIB, newBytes: GIB, durationMs: 6 * MINUTE } },
    ]);
  });
});

describe('the end of a run', () => {
  /** Dumps by node, in minutes, in the order of the plan. */
  const runOf = (nodes: Readonly<Record<string, readonly (number | undefined)[]>>, parallel: number) => {
    const names = Object.keys(nodes);
    const guests = names.map((name, index) => guest(`qemu/10${index}`, { node: node(name) }));
    const known = facts(
      Object.fromEntries(names.map((name, index) => [name, seenFrom(name, guests.slice(index, index + 1))])),
    );
    const hosts = names.map((name) => host(name));
    const { backups } = makePlan(site({ hosts, backups: [policy('p', { hosts: names })] }), known);
    const timed = backups.flatMap((action) =>
      (nodes[action.guest.node] ?? []).map((minutes) => ({
        ...action,
        estimate: minutes === undefined ? {} : { durationMs: minutes * MINUTE },
      })),
    );
    return expectedRun(timed, parallel);
  };
  const seenFrom = (name: string, guests: readonly Guest[]) =>
    inventory(guests, {
      localNode: node(name),
      clusterFingerprint: name.repeat(64),
      nodes: [{ name: node(name), online: true }],
    });

  it.each([
    ['is that of the longest node', { a: [10, 20], b: [15] }, 2, 30, 'a', 0],
    ['waits for the others where not all run at once', { a: [10], b: [15], c: [5] }, 1, 30, 'b', 0],
    ['has a node begin when another is done', { a: [10], b: [15], c: [6] }, 2, 16, 'b', 0],
    ['counts guests of which nothing is known', { a: [10, undefined], b: [undefined] }, 2, 10, 'a', 2],
  ])('%s', (_, nodes, parallel, minutes, longest, unknown) => {
    expect(runOf(nodes, parallel)).toMatchObject({
      durationMs: minutes * MINUTE,
      longest: { host: longest, node: longest },
      unknown,
    });
  });

  it('is now when nothing is known', () => {
    expect(runOf({ a: [undefined] }, 2)).toEqual({ durationMs: 0, unknown: 1 });
    expect(expectedRun([], 2)).toEqual({ durationMs: 0, unknown: 0 });
  });
});
