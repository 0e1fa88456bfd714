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
});
