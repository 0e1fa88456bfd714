import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { readSnapshots } from '../../src/repository/read-snapshots.ts';
import { openRepository, type Repository, withSession } from '../../src/repository/repository.ts';
import { saveTree } from '../../src/repository/tree-writer.ts';
import { PASSWORD, type SampleRepository, sampleRepository, temporaryFolder } from './sample-repository.ts';
import { snapshotFacts } from './snapshot-facts.ts';

describe('snapshots that were read before come from a cache on this machine', () => {
  let sample: SampleRepository;
  let cacheFolder: string;

  beforeEach(async () => {
    sample = await sampleRepository();
    cacheFolder = join(await temporaryFolder(), 'cache', 'pvebak');
    await saveSnapshots('pve1', 'pve2');
  });

  const open = () => openRepository(folderBackend(sample.folder), PASSWORD, { cacheFolder });
  const cacheFile = ({ config }: Repository) => join(cacheFolder, config.id, 'snapshots');
  const hostnames = async () => (await readSnapshots(await open())).map(({ hostname }) => hostname);

  /** One a day, from 2026-11-01. */
  async function saveSnapshots(...hosts: readonly string[]): Promise<void> {
    await withSession(sample.repository, { lock: 'shared' }, async ({ writer, saveSnapshot }) => {
      const { id } = await saveTree(writer, []);
      for (const [day, hostname] of hosts.entries())
        await saveSnapshot(snapshotFacts(id, { hostname, time: `2026-11-0${day + 1}T02:00:00Z` }));
    });
  }

  it('without their files being opened again', async () => {
    expect(await hostnames()).toEqual(['pve1', 'pve2']);
    const folder = join(sample.folder, 'snapshots');
    for (const name of await readdir(folder)) await writeFile(join(folder, name), 'not looked at');
    expect(await hostnames()).toEqual(['pve1', 'pve2']);
  });

  it('those that came since are read, and those that are gone are gone', async () => {
    await hostnames();
    const folder = join(sample.folder, 'snapshots');
    const before = await readdir(folder);
    await saveSnapshots('pve3');
    expect((await hostnames()).toSorted()).toEqual(['pve1', 'pve2', 'pve3']);
    for (const name of before) await rm(join(folder, name));
    expect(await hostnames()).toEqual(['pve3']);
    expect(await hostnames()).toEqual(['pve3']);
  });

  it('which only its owner can read, and nobody without the password', async () => {
    await hostnames();
    const file = cacheFile(await open());
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(file, '..'))).mode & 0o777).toBe(0o700);
    expect((await readFile(file)).includes('pve1')).toBe(false);
  });

  it.each<[string, (file: string) => Promise<void>]>([
    ['deleted', (file) => rm(file)],
    ['empty', (file) => writeFile(file, '')],
    ['cut off', async (file) => writeFile(file, (await readFile(file)).subarray(0, -1))],
    [
      'changed in one bit',
      async (file) => {
        const bytes = await readFile(file);
        bytes[40] = (bytes[40] ?? 0) ^ 1;
        await writeFile(file, bytes);
      },
    ],
    [
      'a folder',
      async (file) => {
        await rm(file);
        await mkdir(file);
      },
    ],
    ['not readable', (file) => chmod(file, 0)],
  ])('that may be %s at any time', async (_, harm) => {
    await hostnames();
    await harm(cacheFile(await open()));
    expect(await hostnames()).toEqual(['pve1', 'pve2']);
  });

  it('that another repository does not believe', async () => {
    await hostnames();
    const other = await sampleRepository();
    const theirs = join(cacheFolder, other.repository.config.id);
    await mkdir(theirs);
    await writeFile(join(theirs, 'snapshots'), await readFile(cacheFile(sample.repository)));
    const opened = await openRepository(folderBackend(other.folder), PASSWORD, { cacheFolder });
    expect(await readSnapshots(opened)).toEqual([]);
    expect((await opened.cache('snapshots').load()).size).toBe(0);
  });

  it('that need not be there', async () => {
    const opened = await openRepository(folderBackend(sample.folder), PASSWORD);
    expect(await readSnapshots(opened)).toHaveLength(2);
    const blocked = await openRepository(folderBackend(sample.folder), PASSWORD, {
      cacheFolder: join(sample.folder, 'config', 'below-a-file'),
    });
    expect(await readSnapshots(blocked)).toHaveLength(2);
  });
});
