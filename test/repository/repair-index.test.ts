import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../src/repository/lock.ts';
import { thisProcess } from '../../src/repository/lock-owner.ts';
import { repairIndex } from '../../src/repository/repair-index.ts';
import { withSession } from '../../src/repository/repository.ts';
import { expectContent } from './expect-content.ts';
import { noise } from './noise.ts';
import { resticOk } from './restic.ts';
import { openFolder, type SampleRepository, sampleRepository, saveFiles } from './sample-repository.ts';
import { userErrorOf } from './user-error-of.ts';

const FILES = [{ name: 'a', blobs: [noise(100_000, 1), noise(100_000, 2)] }];
const { signal } = new AbortController();

/** Two snapshots, each with packs and an index of its own. */
async function saved(): Promise<SampleRepository> {
  const sample = await sampleRepository();
  const first = [{ name: 'b', blobs: [noise(50_000, 3)] }];
  for (const [files, day] of [
    [first, 20],
    [FILES, 22],
  ] as const)
    await withSession(sample.repository, { lock: 'shared', threads: 1 }, (session) =>
      saveFiles(session, files, { time: `2026-11-${day}T18:00:00Z` }),
    );
  return sample;
}

async function pathsIn(folder: string, type: 'index' | 'data'): Promise<readonly string[]> {
  const names = await readdir(join(folder, type), { recursive: true });
  return names.filter((name) => /[0-9a-f]{64}$/.test(name)).map((name) => join(folder, type, name));
}

/** The pack that holds the data of `FILES`. */
async function largestPack(folder: string): Promise<string> {
  const packs = await pathsIn(folder, 'data');
  const sizes = await Promise.all(packs.map(async (path) => ({ path, size: (await readFile(path)).length })));
  return sizes.sort((a, b) => b.size - a.size)[0]?.path ?? 'none';
}

async function flipBit(path: string, fromEnd: number): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.length - fromEnd;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

async function expectWhole({ folder, password }: SampleRepository): Promise<void> {
  await expectContent(folder, FILES);
  expect(await resticOk({ folder, password }, 'check', '--read-data')).toContain('no errors were found');
}

describe('making the indexes anew', () => {
  it.each([
    ['one is damaged', async (folder: string) => flipBit((await pathsIn(folder, 'index'))[0] ?? '', 9)],
    ['one is missing', async (folder: string) => rm((await pathsIn(folder, 'index'))[0] ?? '')],
    ['all are missing', async (folder: string) => rm(join(folder, 'index'), { recursive: true })],
    ['none is damaged', async () => undefined],
  ])('when %s makes the repository whole, with nothing of the old ones left', async (_, damage) => {
    const sample = await saved();
    await damage(sample.folder);
    const old = new Set(await pathsIn(sample.folder, 'index').catch(() => []));
    const report = await repairIndex(sample.repository, { signal });
    expect(report).toMatchObject({ packs: 4, blobs: 5, newIndexes: 1, lostPacks: [], damagedPacks: [] });
    expect((await pathsIn(sample.folder, 'index')).filter((path) => old.has(path))).toEqual([]);
    await expectWhole(sample);
  });

  it('keeps what an index says of a pack whose header is damaged', async () => {
    const sample = await saved();
    const pack = await largestPack(sample.folder);
    await flipBit(pack, 30);
    const { damagedPacks } = await repairIndex(sample.repository, { signal });
    const file = pack.slice(sample.folder.length + 1);
    expect(damagedPacks).toEqual([{ file, what: 'the MAC of its header is wrong', kept: 2 }]);
    await expectContent(sample.folder, FILES);
  });

  it.each([
    ['missing', (path: string) => rm(path)],
    ['cut short', (path: string) => truncate(path, 3)],
  ])(
    'forgets the blobs of a pack that is %s, so that the next backup stores them again',
    async (_, damage) => {
      const sample = await saved();
      const pack = await largestPack(sample.folder);
      await damage(pack);
      await repairIndex(sample.repository, { signal });
      await rm(pack, { force: true });
      const again = await openFolder(sample.folder);
      await withSession(again, { lock: 'shared', threads: 1 }, (session) => saveFiles(session, FILES));
      await expectWhole(sample);
    },
  );

  it('does nothing where no pack is there, as of a disk that is not mounted', async () => {
    const { folder, repository } = await saved();
    await rm(join(folder, 'data'), { recursive: true });
    const before = await pathsIn(folder, 'index');
    const error = await userErrorOf(repairIndex(repository, { signal }));
    expect(error).toMatchObject({ code: 'repository-damaged', message: `${folder} holds none of its packs` });
    expect(await pathsIn(folder, 'index')).toEqual(before);
  });

  it('gives way to whoever uses the repository', async () => {
    const { folder, repository } = await saved();
    const context = { ...repository, compress: true, owner: thisProcess() };
    await withLock(context, 'shared', async () => {
      expect((await userErrorOf(repairIndex(repository, { signal }))).code).toBe('repository-locked');
    });
    expect(await pathsIn(folder, 'index')).toHaveLength(2);
  });

  it('that is broken off leaves the old ones', async () => {
    const { folder, repository } = await saved();
    const controller = new AbortController();
    const before = await pathsIn(folder, 'index');
    const onPack = () => controller.abort(new Error('enough'));
    await expect(repairIndex(repository, { signal: controller.signal, onPack })).rejects.toThrow('enough');
    expect(await pathsIn(folder, 'index')).toEqual(before);
  });
});
