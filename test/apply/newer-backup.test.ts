import { expect, it } from 'vitest';
import { newerBackup, type PlannedFrom } from '../../src/apply/newer-backup.ts';
import { blobId, type FileId, parseFileId } from '../../src/repository/object-id.ts';
import type { Snapshot } from '../../src/repository/snapshot-file.ts';

const AT = Date.parse('2026-11-27T02:00:00Z');

function id(digit: string): FileId {
  const parsed = parseFileId(digit.repeat(64));
  if (parsed === undefined) throw new Error(`no id of ${digit}`);
  return parsed;
}

function snapshot(change: Partial<Snapshot>): Snapshot {
  return {
    id: id('b'),
    original: undefined,
    time: '2026-11-28T02:00:00Z',
    tree: blobId(new Uint8Array(32)),
    hostname: 'pve',
    paths: ['/qemu/101'],
    tags: ['pvebak', 'guest=00112233aabbccdd', 'run=theirs'],
    username: 'pvebak',
    programVersion: 'pvebak',
    ...change,
  };
}

const PLANNED: PlannedFrom = { known: [id('a')], newestAt: AT, run: 'ours' };

it.each<[string, Partial<Snapshot>, Partial<PlannedFrom>, boolean]>([
  ['of another run, made since', {}, {}, true],
  ['of another run, where there was none', {}, { known: [], newestAt: undefined }, true],
  ['that was known', { id: id('a') }, {}, false],
  ['that restic has rewritten since', { original: id('a') }, {}, false],
  ['of another run, rewritten since', { original: id('c') }, {}, true],
  ['of this very run', { tags: ['pvebak', 'run=ours'] }, {}, false],
  ['that was copied into the repository and is older', { time: '2026-11-26T02:00:00Z' }, {}, false],
  ['of the same moment', { time: '2026-11-27T02:00:00Z' }, {}, false],
  ['of somebody else', { tags: ['guest=00112233aabbccdd'] }, {}, false],
])('a snapshot %s (%j, %j): another run has made the backup: %s', (_, change, planned, isNewer) => {
  const found = newerBackup([snapshot(change)], { ...PLANNED, ...planned });
  expect(found !== undefined).toBe(isNewer);
});
