import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentifiedRecord } from '../../src/records/known-records.ts';
import type { PvebakRecord, RecordedSnapshot } from '../../src/records/record.ts';
import { restoredTargets } from '../../src/records/restored-targets.ts';
import { snapshotMarks } from '../../src/records/snapshot-marks.ts';
import { supersededRecords } from '../../src/records/superseded-records.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-23T02:00:00Z');
const day = (days: number) => new Date(NOW + days * DAY).toISOString();

/** Named `a1`: the backup of guest a from the first day. */
const snapshot = (name: string): RecordedSnapshot => ({
  id: name,
  path: `/qemu/${name.charCodeAt(0)}`,
  hostname: 'pve',
  time: day(Number(name.slice(1))),
});
const pin = (...names: readonly string[]): PvebakRecord => ({
  kind: 'pin',
  snapshots: names.map(snapshot),
  reason: '',
});
const ack = (...names: readonly string[]): PvebakRecord => ({
  kind: 'ack',
  snapshots: names.map(snapshot),
  reason: '',
});
const verify = (
  whole: readonly string[],
  { damaged = [] as readonly string[], reading = 'structure' as 'structure' | 'read-data', at = 9 } = {},
): PvebakRecord => ({
  kind: 'verify',
  started: day(at),
  ended: day(at),
  host: 'runner',
  scope: 'snapshots',
  reading,
  outcome: damaged.length === 0 ? 'whole' : 'damaged',
  whole: whole.map(snapshot),
  damaged: damaged.map(snapshot),
  faults: [],
});
const restore = (vmid: number, started: number, outcome: 'begun' | 'restored' | 'failed'): PvebakRecord => ({
  kind: 'restore',
  snapshot: snapshot('a1'),
  guest: 'qemu/97',
  to: { host: 'lab', node: 'lab1', vmid, cluster: 'ef'.repeat(32) },
  started: day(started),
  ended: day(started),
  outcome,
});

const adopt = (from: string, to: string): Extract<PvebakRecord, { readonly kind: 'adopt' }> => ({
  kind: 'adopt',
  from: { line: from.repeat(16) },
  to: { line: to.repeat(16) },
  reason: '',
});

const numbered = (records: readonly PvebakRecord[]): readonly IdentifiedRecord[] =>
  records.map((record, at) => ({ id: String(at), record, time: NOW + at }));

describe('a record tells nothing more', () => {
  it.each<[string, readonly PvebakRecord[], readonly number[]]>([
    ['when its snapshots are gone', [pin('z1'), ack('z1'), verify(['z1'])], [0, 1, 2]],
    ['when newer ones tell of the same', [pin('a1'), pin('a1'), pin('b1')], [0]],
    ['only when they tell of all of it', [pin('a1', 'b1'), pin('a1')], []],
    ['when several tell of it together', [ack('a1', 'b1'), ack('a1'), ack('b1', 'z1')], [0]],
    ['but is of another kind than the newer one', [pin('a1'), ack('a1'), verify(['a1'])], []],
    ['of wholeness when it was proved again', [verify(['a1', 'b1']), verify(['b1', 'a1'])], [0]],
    ['but of damage always', [verify([], { damaged: ['z1'] }), verify(['a1'])], []],
    [
      'of a proof when a later backup was proved',
      [verify(['z1'], { reading: 'read-data' }), verify(['z2'], { reading: 'read-data' })],
      [0],
    ],
    [
      'but not when an older backup was',
      [verify(['z2'], { reading: 'read-data' }), verify(['z1'], { reading: 'read-data' })],
      [],
    ],
    [
      'of a restore when a later one began, or when its end is told',
      [
        restore(901, 1, 'begun'),
        restore(901, 1, 'restored'),
        restore(901, 2, 'begun'),
        restore(902, 1, 'begun'),
      ],
      [0, 1],
    ],
    [
      'of pruning when there was another',
      [
        { kind: 'prune', bytes: 1, unusedBytes: 0 },
        { kind: 'prune', bytes: 1, unusedBytes: 1 },
      ],
      [0],
    ],
    [
      'of where the history of a line goes on when another one does, also to take it back',
      [adopt('a', 'b'), adopt('b', 'c'), adopt('a', 'c'), { ...adopt('a', 'c'), undone: true }],
      [0, 2],
    ],
    [
      'but what policies wanted always',
      [
        { kind: 'policies', policies: [] },
        { kind: 'policies', policies: [] },
      ],
      [],
    ],
  ])('%s', (_, records, superseded) => {
    expect(supersededRecords(numbered(records), new Set(['a1', 'a2', 'b1']))).toEqual(superseded.map(String));
  });

  it('and without it all else is known as before', () => {
    const names = fc.uniqueArray(fc.constantFrom('a1', 'a2', 'b1', 'b2', 'z1', 'z2'), { maxLength: 4 });
    const readings = fc.constantFrom('structure' as const, 'read-data' as const);
    const anyRecord = fc.oneof(
      names.map((some) => pin(...some)),
      names.map((some) => ack(...some)),
      fc
        .tuple(names, names, readings, fc.nat(9))
        .map(([whole, damaged, reading, at]) =>
          verify(whole, { damaged: damaged.filter((name) => !whole.includes(name)).slice(2), reading, at }),
        ),
      fc
        .tuple(fc.constantFrom(901, 902), fc.nat(3), fc.constantFrom('begun', 'restored', 'failed'))
        .map((how) => restore(...how)),
    );
    const present = new Set(['a1', 'a2', 'b1', 'b2']);
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 12 }), (made) => {
        const records = numbered(made);
        const superseded = new Set(supersededRecords(records, present));
        const left = records.filter(({ id }) => !superseded.has(id));
        expect(known(left, present)).toEqual(known(records, present));
        expect(supersededRecords(left, present)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });
});

function known(records: readonly IdentifiedRecord[], present: ReadonlySet<string>) {
  const { pinned, acknowledged, damaged, verified, readWhole, proved } = snapshotMarks(records, NOW);
  const among = (names: Iterable<string>) => [...names].filter((name) => present.has(name)).sort();
  return {
    pinned: among(pinned),
    acknowledged: among(acknowledged),
    damaged: among(damaged),
    verified: among(verified.keys()).map((name) => [name, verified.get(name)]),
    readWhole: among(readWhole.keys()).map((name) => [name, readWhole.get(name)]),
    proved,
    restored: restoredTargets(records),
  };
}
