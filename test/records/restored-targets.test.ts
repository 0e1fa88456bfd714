import { describe, expect, it } from 'vitest';
import type { RestoreRecord } from '../../src/records/record.ts';
import { restoredTargets } from '../../src/records/restored-targets.ts';

const CLUSTER = 'ab'.repeat(32);

function restore(hour: string, entry: Partial<RestoreRecord> = {}, to: object = {}): RestoreRecord {
  return {
    kind: 'restore',
    snapshot: { id: `s${hour}`, original: `o${hour}` },
    guest: 'qemu/101',
    to: { host: 'lab', node: 'pve1', vmid: 901, cluster: CLUSTER, line: 'l1', ...to },
    started: `2026-11-22T${hour}:00:00Z`,
    ended: `2026-11-22T${hour}:30:00Z`,
    outcome: 'restored',
    ...entry,
  };
}

describe('what vmid 901 was restored from', () => {
  it.each<[string, readonly RestoreRecord[], string | undefined]>([
    ['is not known without a record', [], undefined],
    ['is what its record says', [restore('03')], 's03'],
    ['is the last, in whatever order they are told', [restore('04'), restore('03')], 's04'],
    [
      'is nothing once it is being overwritten',
      [restore('03'), restore('04', { outcome: 'begun' })],
      undefined,
    ],
    [
      'is what a restore that was begun has ended with',
      [restore('04'), restore('04', { outcome: 'begun' }), restore('03')],
      's04',
    ],
    [
      'is nothing once a restore has failed',
      [restore('03'), restore('04', { outcome: 'failed' })],
      undefined,
    ],
    ['is not told by the restore of another vmid', [restore('03', {}, { vmid: 902 })], undefined],
    [
      'is not told by a restore in another cluster',
      [restore('03'), restore('04', {}, { cluster: 'cd'.repeat(32) })],
      's03',
    ],
    ['is not told by a record without a cluster', [restore('03', {}, { cluster: undefined })], undefined],
  ])('%s', (_, records, snapshot) => {
    const known = records.map((record, time) => ({ record, time }));
    expect(restoredTargets(known).get(`${CLUSTER} 901`)?.snapshot).toBe(snapshot);
  });

  it('comes with the line of the guest, and when it began', () => {
    const [found] = restoredTargets([{ record: restore('03'), time: 0 }]).values();
    expect(found).toEqual({
      snapshot: 's03',
      original: 'o03',
      line: 'l1',
      restoredAt: Date.parse('2026-11-22T03:00:00Z'),
    });
  });
});
