import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { readSnapshots } from '../../src/repository/read-snapshots.ts';
import { initRepository, openRepository, withSession } from '../../src/repository/repository.ts';
import { readNode } from './expect-content.ts';
import { noise } from './noise.ts';
import {
  openFolder,
  PASSWORD,
  QUICK_COST,
  type SampleRepository,
  sampleRepository,
  saveFiles,
  temporaryFolder,
} from './sample-repository.ts';
import { userErrorOf } from './user-error-of.ts';

const SHARED = { lock: 'shared', threads: 1 } as const;

async function saved(): Promise<SampleRepository> {
  const sample = await sampleRepository();
  await withSession(sample.repository, SHARED, (session) =>
    saveFiles(session, [{ name: 'a', blobs: [noise(100_000, 1), Buffer.from('text '.repeat(10_000))] }]),
  );
  return sample;
}

/** Everything that a reader does: opens, lists, and reads every file. */
async function readAll(folder: string): Promise<void> {
  const repository = await openFolder(folder);
  const snapshots = await readSnapshots(repository);
  await withSession(repository, SHARED, async (session) => {
    for (const { tree } of snapshots)
      for (const node of await session.reader.readTree(tree)) await readNode(session, node);
  });
}

/** The only file in a folder, or of packs the one that holds data (the larger). */
async function fileIn(folder: string, type: string): Promise<string> {
  if (type === 'config') return join(folder, 'config');
  const names = await readdir(join(folder, type), { recursive: true });
  const files = await Promise.all(
    names
      .filter((name) => /[0-9a-f]{64}$/.test(name))
      .map(async (name) => {
        const path = join(folder, type, name);
        return { path, size: (await readFile(path)).length };
      }),
  );
  const [largest] = files.sort((a, b) => b.size - a.size);
  return largest?.path ?? 'none';
}

async function flipBit(path: string, part: number): Promise<void> {
  const bytes = await readFile(path);
  const at = Math.floor(bytes.length * part);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

describe('a repository that cannot be opened', () => {
  it('because there is none, is told from one that is damaged', async () => {
    const folder = await temporaryFolder();
    for (const place of [folder, join(folder, 'missing')])
      expect(await userErrorOf(openFolder(place))).toMatchObject({
        code: 'no-repository',
        message: `${place} is no repository`,
      });
  });

  it('because the folder is something else, is no repository', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'keys'), 'a file');
    await writeFile(join(folder, 'README'), 'a file');
    expect((await userErrorOf(openFolder(folder))).code).toBe('no-repository');
    expect((await userErrorOf(openFolder(join(folder, 'README')))).code).toBe('no-repository');
  });

  it.each(['', 'Correct horse', 'correct horse '])(
    'with the password %j says how many keys it was tried on',
    async (password) => {
      const { folder } = await sampleRepository();
      const error = await userErrorOf(openFolder(folder, password));
      expect(error).toMatchObject({ code: 'wrong-password' });
      expect(error.message).toContain('none of the 1 keys');
    },
  );

  it('because the keys are gone, says so', async () => {
    const { folder } = await sampleRepository();
    await rm(await fileIn(folder, 'keys'));
    expect((await userErrorOf(openFolder(folder))).message).toContain('none of the 0 keys');
  });

  it('because the config is gone, is damaged', async () => {
    const { folder } = await sampleRepository();
    await rm(join(folder, 'config'));
    expect(await userErrorOf(openFolder(folder))).toMatchObject({
      code: 'repository-damaged',
      message: 'config: the file is missing',
    });
  });

  it('is never made over one that is there, not even over one that has lost its config', async () => {
    const { folder } = await sampleRepository();
    const init = () => userErrorOf(initRepository(folderBackend(folder), 'other', { cost: QUICK_COST }));
    expect((await init()).code).toBe('repository-exists');
    await rm(join(folder, 'config'));
    expect((await init()).code).toBe('repository-exists');
    expect(await folderBackend(folder).list('keys')).toHaveLength(1);
  });
});

describe('damage', () => {
  it.each(
    ['config', 'keys', 'index', 'snapshots', 'data'].flatMap((type) =>
      [0, 0.3, 0.7].map((part) => [type, part] as const),
    ),
  )('of one bit in %s, at %d of its length, is found and the file is named', async (type, part) => {
    const { folder } = await saved();
    const path = await fileIn(folder, type);
    await flipBit(path, part);
    const error = await userErrorOf(readAll(folder));
    expect(error.code).toBe('repository-damaged');
    expect(error.message).toContain(path.slice(folder.length + 1));
  });

  it.each(['index', 'snapshots', 'data', 'keys', 'config'])(
    'by an end that is missing is found in %s, and the file is named',
    async (type) => {
      const { folder } = await saved();
      const path = await fileIn(folder, type);
      await truncate(path, 1000 < (await readFile(path)).length ? 1000 : 20);
      const error = await userErrorOf(readAll(folder));
      expect(error.code).toBe('repository-damaged');
      expect(error.message).toContain(path.slice(folder.length + 1));
    },
  );

  it('by a pack that is missing is found, and the pack is named', async () => {
    const { folder } = await saved();
    const path = await fileIn(folder, 'data');
    await rm(path);
    const error = await userErrorOf(readAll(folder));
    expect(error).toMatchObject({ code: 'repository-damaged' });
    expect(error.message).toBe(`${path.slice(folder.length + 1)}: the file is missing`);
  });

  it('by an index that is missing is found, and the blob is named', async () => {
    const { folder } = await saved();
    await rm(await fileIn(folder, 'index'));
    expect((await userErrorOf(readAll(folder))).message).toMatch(
      /^tree blob [0-9a-f]{64}: no index names it$/,
    );
  });

  it('of one key does no harm while another opens', async () => {
    const { folder, repository } = await saved();
    const backend = folderBackend(folder);
    for (const name of ['00'.repeat(32), 'ff'.repeat(32)])
      await backend.save({ type: 'keys', name }, Buffer.from('{"kdf":"scrypt","N":1073741824,"r":64,"p":9}'));
    expect((await openRepository(backend, PASSWORD)).config).toEqual(repository.config);
    expect(await userErrorOf(openRepository(backend, 'wrong'))).toMatchObject({
      code: 'repository-damaged',
      message: `keys/${'00'.repeat(32)}: the content does not match the name`,
    });
  });

  it('is not what a snapshot is that somebody forgets while the list is read', async () => {
    const { folder, repository } = await saved();
    const backend = folderBackend(folder);
    const names: typeof backend.names = async (type) => [...(await backend.names(type)), 'ab'.repeat(32)];
    expect(await readSnapshots({ ...repository, backend: { ...backend, names } })).toHaveLength(1);
  });
});
