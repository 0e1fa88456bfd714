import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RestoreSequence } from '../../src/apply/restore-sequence.ts';
import type { RestoreAction } from '../../src/plan/plan.ts';
import { backup, guest, node, vmid } from '../plan/sample-site.ts';

interface Given {
  readonly name: string;
  readonly order?: number;
  /** Of a group, and the place in it. */
  readonly of?: string;
  readonly place?: number;
}

function action({ name, order, of, place }: Given): RestoreAction {
  return {
    kind: 'restore',
    intent: name,
    repository: 'main',
    snapshot: backup(guest('qemu/101'), 0),
    to: { host: 'lab', node: node('lab1'), vmid: vmid(901), unique: false, start: false },
    ...(order !== undefined && { order }),
    ...(of !== undefined && { member: { of, by: { host: 'pve' }, ...(place !== undefined && { place }) } }),
    replaces: undefined,
    reason: { kind: 'target-missing' },
  };
}

/** What has begun by the time that the named ones have ended. */
async function begunAfter(given: readonly Given[], ended: readonly string[]): Promise<string> {
  const actions = given.map(action);
  const sequence = new RestoreSequence(actions);
  const begun: string[] = [];
  const runs = actions.map((one) =>
    sequence.run(one, async () => {
      begun.push(one.intent);
      if (!ended.includes(one.intent)) await new Promise(() => undefined);
    }),
  );
  for (const run of runs) run.catch(() => undefined);
  await sleep(0);
  return begun.toSorted().join(' ');
}

describe('restores of one run', () => {
  it.each<[string, readonly Given[], readonly string[], string]>([
    ['begin together without an order', [{ name: 'a' }, { name: 'b' }], [], 'a b'],
    [
      'with one number begin together',
      [
        { name: 'a', order: 1 },
        { name: 'b', order: 1 },
      ],
      [],
      'a b',
    ],
    [
      'wait for those with a lower number, those without for all',
      [{ name: 'c' }, { name: 'b', order: 2 }, { name: 'a', order: 1 }],
      [],
      'a',
    ],
    [
      'wait for each of them',
      [
        { name: 'c', order: 2 },
        { name: 'a', order: 1 },
        { name: 'b', order: 1 },
      ],
      ['a'],
      'a b',
    ],
    ['go on once they have ended', [{ name: 'b' }, { name: 'a', order: 1 }], ['a'], 'a b'],
    [
      'of one group wait for lower places, those without one for all',
      [
        { name: 'c', of: 'g' },
        { name: 'b', of: 'g', place: 1 },
        { name: 'a', of: 'g', place: 0 },
      ],
      ['a'],
      'a b',
    ],
    [
      'of two groups do not wait for each other',
      [
        { name: 'a', of: 'g', place: 0 },
        { name: 'b', of: 'h', place: 1 },
      ],
      [],
      'a b',
    ],
    [
      'wait by their number first',
      [
        { name: 'a', of: 'g', place: 9, order: 1 },
        { name: 'b', of: 'h', place: 0, order: 2 },
      ],
      [],
      'a',
    ],
  ])('%s', async (_, given, ended, begun) => {
    expect(await begunAfter(given, ended)).toBe(begun);
  });

  it('go on when one before them has failed', async () => {
    const [first, second] = [action({ name: 'a', order: 1 }), action({ name: 'b' })];
    const sequence = new RestoreSequence([first, second]);
    const failed = sequence.run(first, () => Promise.reject(new Error('failed')));
    await expect(failed).rejects.toThrow('failed');
    expect(await sequence.run(second, async () => 'done')).toBe('done');
  });
});
