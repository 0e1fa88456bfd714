import { describe, expect, it } from 'vitest';
import type { PvebakRecord } from '../../src/records/record.ts';
import { snapshotMarks } from '../../src/records/snapshot-marks.ts';

const NOW = Date.parse('2026-11-23T02:00:00Z');
const pin = (id: string, until?: string): PvebakRecord => ({
  kind: 'pin',
  snapshots: [{ id, original: `${id}-before` }],
  reason: 'audit',
  ...(until !== undefined && { until }),
});
const verified = (whole: readonly string[], damaged: readonly string[]): PvebakRecord => ({
  kind: 'verify',
  started: '2026-11-22T02:00:00Z',
  ended: '2026-11-22T03:00:00Z',
  host: 'runner',
  scope: 'snapshots',
  reading: 'structure',
  outcome: damaged.length === 0 ? 'whole' : 'damaged',
  whole: whole.map((id) => ({ id })),
  damaged: damaged.map((id) => ({ id })),
  faults: [],
});

describe('what records say of snapshots', () => {
  it.each<[string, readonly PvebakRecord[], string, string]>([
    ['nothing', [], '', ''],
    ['a pin holds for ever', [pin('a')], 'a a-before', ''],
    [
      'a pin holds until its day',
      [pin('a', '2026-12-01T00:00:00Z'), pin('b', '2026-11-01T00:00:00Z')],
      'a a-before',
      '',
    ],
    ['one of the past takes an earlier one back', [pin('a'), pin('a', '1970-01-01T00:00:00Z')], '', ''],
    ['a newer one holds again', [pin('a', '1970-01-01T00:00:00Z'), pin('a')], 'a a-before', ''],
    ['wholeness until damage is found', [verified(['a', 'b'], []), verified([], ['b'])], '', 'b'],
    ['damage that was found', [verified(['a'], ['b'])], '', 'b'],
    ['damage that was put right', [verified([], ['a', 'b']), verified(['a'], [])], '', 'b'],
  ])('%s', (_, records, pinned, damaged) => {
    const marks = snapshotMarks(
      records.map((record, time) => ({ record, time })),
      NOW,
    );
    expect([...marks.acknowledged]).toEqual([]);
    expect([...marks.pinned].join(' ')).toBe(pinned);
    expect([...marks.damaged].join(' ')).toBe(damaged);
    expect([...marks.verified.keys()].filter((id) => marks.damaged.has(id))).toEqual([]);
  });

  it('when each was found whole last', () => {
    const records = [verified(['a', 'b'], []), verified(['a'], ['b'])];
    const { verified: times } = snapshotMarks(
      records.map((record, time) => ({ record, time })),
      NOW,
    );
    expect([...times]).toEqual([['a', Date.parse('2026-11-22T03:00:00Z')]]);
  });

  it('when all of each was read last, which looking at its structure is not', () => {
    const reading = { ...verified(['a', 'b'], []), reading: 'read-data' } as PvebakRecord;
    const later = { ...verified(['a'], ['b']), ended: '2026-11-22T04:00:00Z' } as PvebakRecord;
    const { readWhole } = snapshotMarks(
      [reading, later].map((record, time) => ({ record, time })),
      NOW,
    );
    expect([...readWhole]).toEqual([['a', Date.parse('2026-11-22T03:00:00Z')]]);
  });

  describe('which backup of each guest was read whole', () => {
    const of = (id: string, day: number) => ({
      id,
      path: '/qemu/101',
      hostname: 'pve',
      time: `2026-11-0${day}T02:00:00+01:00`,
    });
    const read = (entry: Partial<Extract<PvebakRecord, { kind: 'verify' }>>, hour: string): PvebakRecord => ({
      ...(verified([], []) as Extract<PvebakRecord, { kind: 'verify' }>),
      reading: 'read-data',
      ended: `2026-11-22T${hour}:00:00Z`,
      ...entry,
    });
    it.each<[string, readonly PvebakRecord[], string | undefined]>([
      ['is the newest of a record', [read({ whole: [of('b', 2), of('a', 1)] }, '03')], 'b 03'],
      [
        'stays the newer one',
        [read({ whole: [of('b', 2)] }, '03'), read({ whole: [of('a', 1)] }, '04')],
        'b 03',
      ],
      [
        'counts when it was read last',
        [read({ whole: [of('b', 2)] }, '03'), read({ whole: [of('b', 2)] }, '04')],
        'b 04',
      ],
      [
        'is none by its structure alone',
        [read({ whole: [of('b', 2)], reading: 'structure' }, '03')],
        undefined,
      ],
      [
        'is none that was damaged later',
        [read({ whole: [of('b', 2)] }, '03'), read({ damaged: [of('b', 2)] }, '04')],
        undefined,
      ],
      ['is none of which nothing is told', [read({ whole: [{ id: 'b' }] }, '03')], undefined],
    ])('%s', (_, records, expected) => {
      const { proved } = snapshotMarks(
        records.map((record, time) => ({ record, time })),
        NOW,
      );
      const found = proved.get('pve /qemu/101');
      const said = found && `${found.id} ${new Date(found.provedAt).toISOString().slice(11, 13)}`;
      expect(said).toBe(expected);
      expect(proved.size).toBe(expected === undefined ? 0 : 1);
    });
  });
});

it('what was looked at stays so, whatever is pinned or verified later', () => {
  const ack: PvebakRecord = { kind: 'ack', snapshots: [{ id: 'a', original: 'b' }], reason: '' };
  const records = [ack, verified([], ['a']), pin('a', '1970-01-01T00:00:00Z')];
  const known = records.map((record, time) => ({ record, time }));
  expect([...snapshotMarks(known, NOW).acknowledged]).toEqual(['a', 'b']);
});
