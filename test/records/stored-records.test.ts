import { readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toGuestSnapshot } from '../../src/plan/guest-snapshot.ts';
import { toNodeSnapshot } from '../../src/plan/node-snapshot.ts';
import { readKnownRecords } from '../../src/records/known-records.ts';
import { readRecord, recordsAmong } from '../../src/records/read-records.ts';
import type { PinRecord } from '../../src/records/record.ts';
import { saveRecord } from '../../src/records/save-record.ts';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { readSnapshots } from '../../src/repository/read-snapshots.ts';
import { openRepository, withSession } from '../../src/repository/repository.ts';
import { resticOk } from '../repository/restic.ts';
import { PASSWORD, sampleRepository, saveFiles, temporaryFolder } from '../repository/sample-repository.ts';

const SHARED = { lock: 'shared', threads: 1 } as const;
const FACTS = { time: '2026-11-22T18:00:00.5+01:00', hostname: 'backup-1', programVersion: 'pvebak test' };

function pinOf(count: number): PinRecord {
  const snapshots = Array.from({ length: count }, (_, i) => ({ id: i.toString(16).padStart(64, '0') }));
  return { kind: 'pin', snapshots, reason: 'keep <this> & that' };
}

describe('records in a repository', () => {
  it.each([1, 30_000])('of %d snapshots are read back whole', async (count) => {
    const { repository } = await sampleRepository();
    await withSession(repository, SHARED, async (session) => {
      await saveRecord(session, pinOf(count), FACTS);
    });
    await withSession(repository, SHARED, async ({ reader }) => {
      const [stored, ...others] = recordsAmong(await readSnapshots(repository), 'pin');
      expect(others).toEqual([]);
      expect(stored === undefined ? undefined : await readRecord(reader, stored)).toEqual(pinOf(count));
    });
  });

  it('are to restic snapshots like others, and to pvebak no backups of anything', async () => {
    const sample = await sampleRepository();
    await withSession(sample.repository, SHARED, (session) => saveRecord(session, pinOf(2), FACTS));
    const [listed] = JSON.parse(
      await resticOk(sample, 'snapshots', '--json', '--tag', 'pvebak-record,kind=pin'),
    );
    expect(listed).toMatchObject({ paths: ['/pvebak'], hostname: 'backup-1', username: 'pvebak' });
    expect(await resticOk(sample, 'ls', 'latest')).toContain('/pvebak/record.json');
    expect(await resticOk(sample, 'check', '--read-data')).toContain('no errors were found');
    await resticOk(sample, 'tag', '--add', 'seen', 'latest');
    const snapshots = await readSnapshots(sample.repository);
    expect(recordsAmong(snapshots, 'pin')).toHaveLength(1);
    expect(recordsAmong(snapshots, 'verify')).toEqual([]);
    expect(snapshots.flatMap((one) => toGuestSnapshot(one) ?? toNodeSnapshot(one) ?? [])).toEqual([]);
  });

  it('that are damaged are told of each time, and count again once they are put back', async () => {
    const { folder } = await sampleRepository();
    const cacheFolder = await temporaryFolder();
    const repository = await openRepository(folderBackend(folder), PASSWORD, { cacheFolder });
    await withSession(repository, SHARED, (session) => saveRecord(session, pinOf(1), FACTS));
    const snapshots = await readSnapshots(repository);
    const known = async () => {
      const faults: string[] = [];
      const records = await readKnownRecords(repository, snapshots, ['pin'], {
        onFault: ({ what }) => faults.push(what),
      });
      return { records: records.length, faults };
    };
    const packs = (await readdir(join(folder, 'data'), { recursive: true })).filter(
      (name) => name.length > 64,
    );
    for (const pack of packs)
      await rename(join(folder, 'data', pack), join(folder, `${basename(pack)}.aside`));
    const faults = [expect.stringContaining('the file is missing')];
    for (let time = 0; time < 2; time++) expect(await known()).toEqual({ records: 0, faults });
    for (const pack of packs)
      await rename(join(folder, `${basename(pack)}.aside`), join(folder, 'data', pack));
    expect(await known()).toEqual({ records: 1, faults: [] });
  });

  it('that are not what their tags say count as none', async () => {
    const { repository } = await sampleRepository();
    await withSession(repository, SHARED, async (session) => {
      const files = [{ name: 'pvebak', blobs: [Buffer.from('{}')] }];
      await saveFiles(session, files, { paths: ['/pvebak'], tags: ['pvebak-record', 'kind=restore'] });
    });
    await withSession(repository, SHARED, async ({ reader }) => {
      const [stored] = recordsAmong(await readSnapshots(repository), 'restore');
      expect(stored?.head.kind).toBe('restore');
      expect(stored === undefined ? 'none' : await readRecord(reader, stored)).toBeUndefined();
    });
  });
});
