import { describe, expect, it } from 'vitest';
import { toGuestSnapshot } from '../../src/plan/guest-snapshot.ts';
import type { ResticSnapshot } from '../../src/plan/restic-snapshot.ts';
import { snapshotId } from './sample-site.ts';

const snapshot: ResticSnapshot = {
  id: snapshotId('ab'),
  time: '2026-11-23T02:00:00.123456789+01:00',
  hostname: 'pve',
  paths: ['/qemu/101'],
  tags: ['pvebak', 'guest=0123456789abcdef', 'policy=gold', 'policy=all', 'run=r7'],
};

describe('a restic snapshot', () => {
  it('is a backup of a guest when its path and tags say so', () => {
    expect(toGuestSnapshot({ ...snapshot, original: snapshotId('cd') })).toEqual({
      id: snapshotId('ab'),
      original: snapshotId('cd'),
      time: Date.UTC(2026, 10, 23, 1, 0, 0, 123),
      offsetMinutes: 60,
      hostId: 'pve',
      guest: { type: 'qemu', vmid: 101 },
      line: '0123456789abcdef',
      policies: ['gold', 'all'],
      run: 'r7',
    });
  });

  it('tells what it took where the snapshot does', () => {
    const summary = {
      backupStart: snapshot.time,
      backupEnd: '2026-11-23T02:06:00.1235+01:00',
      totalBytesProcessed: 1000,
      dataAdded: 10,
      dataAddedPacked: 5,
    };
    const history = { durationMs: 360_000, readBytes: 1000, newBytes: 10 };
    expect(toGuestSnapshot({ ...snapshot, summary })?.history).toEqual(history);
    const backwards = { ...summary, backupEnd: '2026-11-23T01:59:59+01:00' };
    expect(toGuestSnapshot({ ...snapshot, summary: backwards })?.history).toBeUndefined();
    expect(toGuestSnapshot(snapshot)?.history).toBeUndefined();
  });

  it.each<[string, Partial<ResticSnapshot>]>([
    ['without the tag pvebak', { tags: ['guest=0123456789abcdef'] }],
    ['with a path that is no guest', { paths: ['/home'] }],
    ['with a path below a guest', { paths: ['/qemu/101/archive'] }],
    ['with a relative path', { paths: ['qemu/101'] }],
    ['with two guests', { paths: ['/qemu/101', '/lxc/105'] }],
    ['with no path', { paths: [] }],
    ['of a record', { paths: ['/pvebak'], tags: ['pvebak', 'pvebak-record'] }],
    ['with a time that is none', { time: 'yesterday' }],
    ['with a month that is none', { time: '2026-13-23T02:00:00Z' }],
  ])('%s is no backup of a guest', (_, changes) => {
    expect(toGuestSnapshot({ ...snapshot, ...changes })).toBeUndefined();
  });

  it.each([
    ['none', []],
    ['one that is not 16 hex digits', ['guest=xyz']],
    ['two that differ', ['guest=0123456789abcdef', 'guest=fedcba9876543210']],
  ])('has no line with a guest tag: %s', (_, tags) => {
    const read = toGuestSnapshot({ ...snapshot, tags: ['pvebak', ...tags] });
    expect(read).toMatchObject({ guest: { vmid: 101 } });
    expect(read?.line).toBeUndefined();
  });

  it.each([
    ['2026-11-23T01:00:00Z', 0],
    ['2026-11-23T01:00:00.5Z', 500],
    ['2026-11-22T20:00:00-05:00', 0],
  ])('has its time read from %s', (time, ms) => {
    expect(toGuestSnapshot({ ...snapshot, time })?.time).toBe(Date.UTC(2026, 10, 23, 1, 0, 0, ms));
  });
});
