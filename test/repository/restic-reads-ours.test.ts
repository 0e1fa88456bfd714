import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { readSnapshot, readSnapshots } from '../../src/repository/read-snapshots.ts';
import { initRepository, withSession } from '../../src/repository/repository.ts';
import { saveTree } from '../../src/repository/tree-writer.ts';
import { expectContent } from './expect-content.ts';
import { noise } from './noise.ts';
import { restic, resticOk } from './restic.ts';
import {
  openFolder,
  PASSWORD,
  QUICK_COST,
  quickenKey,
  type SampleFile,
  type SampleRepository,
  sampleRepository,
  saveFiles,
  temporaryFolder,
} from './sample-repository.ts';
import { snapshotFacts } from './snapshot-facts.ts';

const SHARED = { lock: 'shared', threads: 2 } as const;
const ZEROS = new Uint8Array(1 << 20);
const TEXT = Buffer.from('all work and no play\n'.repeat(10_000));

const FILES: readonly SampleFile[] = [
  { name: 'empty', blobs: [] },
  { name: 'one byte', blobs: [Buffer.from('x')] },
  { name: 'text', blobs: [TEXT] },
  { name: 'mixed', blobs: [ZEROS, noise(3 << 20, 1), ZEROS, TEXT, noise(7, 2)] },
  { name: 'a "name" with\n<é> & 🎉', blobs: [noise(100, 3)] },
];

const contentOf = ({ blobs }: SampleFile) => Buffer.concat(blobs);

async function repositoryWithFiles(): Promise<SampleRepository> {
  const sample = await sampleRepository();
  await withSession(sample.repository, SHARED, (session) => saveFiles(session, FILES));
  return sample;
}

/** What restic says of the repository, as somebody reads it who must find nothing wrong. */
async function expectClean(repository: {
  readonly folder: string;
  readonly password: string;
}): Promise<void> {
  const { status, text } = await restic(repository, 'check', '--read-data');
  expect(text).toContain('no errors were found');
  expect(text).not.toMatch(/not referenced|duplicate|unused|error:/);
  expect(status).toBe(0);
}

describe('what pvebak writes', () => {
  it('is a repository of version 2 for restic, with nothing in it', async () => {
    const sample = await sampleRepository();
    expect(JSON.parse(await resticOk(sample, 'cat', 'config'))).toMatchObject({
      version: 2,
      id: sample.repository.config.id,
      chunker_polynomial: sample.repository.config.chunkerPolynomial.toString(16),
    });
    expect(await resticOk(sample, 'snapshots', '--json')).toBe('[]\n');
    await expectClean(sample);
  });

  it('is found without error by `restic check --read-data`', async () => {
    await expectClean(await repositoryWithFiles());
  });

  it('is listed by `restic snapshots`', async () => {
    const [snapshot] = JSON.parse(await resticOk(await repositoryWithFiles(), 'snapshots', '--json'));
    expect(snapshot).toMatchObject({
      time: '2026-11-22T18:00:00.12+01:00',
      hostname: 'pve',
      username: 'pvebak',
      paths: ['/qemu/101'],
      tags: ['pvebak', 'guest=00112233445566ff'],
    });
  });

  it('is found by tag, host and path', async () => {
    const sample = await repositoryWithFiles();
    for (const [args, count] of [
      [['--tag', 'pvebak,guest=00112233445566ff'], 1],
      [['--tag', 'guest=00112233445566fe'], 0],
      [['--host', 'pve', '--path', '/qemu/101'], 1],
      [['--path', '/qemu/102'], 0],
    ] as const)
      expect(JSON.parse(await resticOk(sample, 'snapshots', '--json', ...args))).toHaveLength(count);
  });

  it('is listed by `restic ls -l`, with names, sizes, modes and times', async () => {
    const sample = await repositoryWithFiles();
    const lines = (await resticOk(sample, 'ls', '--json', 'latest')).trim().split('\n').slice(1);
    const nodes = lines.map((line) => JSON.parse(line));
    expect(new Map(nodes.map(({ name, size }) => [name, size ?? 0]))).toEqual(
      new Map(FILES.map((file) => [file.name, contentOf(file).length])),
    );
    for (const node of nodes)
      expect(node).toMatchObject({ type: 'file', mode: 0o600, mtime: '2026-11-22T18:00:00.12+01:00' });
    expect(await resticOk(sample, 'ls', '-l', 'latest')).toMatch(/-rw------- +0 +0 +1 .* \/one byte\n/);
  });

  it.each(FILES)('is given back by `restic dump`: $name', async (file) => {
    const { status, stdout } = await restic(await repositoryWithFiles(), 'dump', 'latest', `/${file.name}`);
    expect(status).toBe(0);
    expect(Buffer.compare(stdout, contentOf(file))).toBe(0);
  });

  it('is given back by `restic restore`', async () => {
    const target = await temporaryFolder();
    await resticOk(await repositoryWithFiles(), 'restore', 'latest', '--target', target, '--verify');
    for (const file of FILES)
      expect(Buffer.compare(await readFile(join(target, file.name)), contentOf(file))).toBe(0);
  });

  it('is kept and forgotten by `restic forget` as its own snapshots are', async () => {
    const sample = await sampleRepository();
    await withSession(sample.repository, SHARED, async (session) => {
      for (const day of ['20', '21', '22'])
        await saveFiles(session, FILES, { time: `2026-11-${day}T02:00:00.000+01:00` });
    });
    const dry = await resticOk(sample, 'forget', '--dry-run', '--keep-daily', '2', '--json');
    const [group] = JSON.parse(dry);
    expect(group.keep).toHaveLength(2);
    expect(group.remove).toHaveLength(1);
    expect(await readSnapshots(sample.repository)).toHaveLength(3);
  });

  it('is still right after `restic forget --prune`, for restic and for pvebak', async () => {
    const sample = await sampleRepository();
    const gone = noise(2 << 20, 77);
    await withSession(sample.repository, SHARED, async (session) => {
      await saveFiles(session, [{ name: 'gone', blobs: [gone, TEXT] }], { time: '2026-11-20T02:00:00Z' });
      await saveFiles(session, FILES, { time: '2026-11-21T02:00:00Z' });
    });
    await resticOk(sample, 'forget', '--keep-last', '1', '--prune', '--max-unused', '0');
    await expectClean(sample);
    expect(await readSnapshots(sample.repository)).toHaveLength(1);
    await expectContent(sample.folder, FILES);
    const saved = await withSession(sample.repository, SHARED, (session) =>
      session.writer.save('data', gone),
    );
    expect(saved.storedBytes, 'what was pruned is stored again').toBeGreaterThan(0);
    await resticOk(sample, 'check', '--read-data');
  });

  it('that nobody refers to is cleared by `restic prune`, as after an interrupted backup', async () => {
    const sample = await repositoryWithFiles();
    await withSession(sample.repository, SHARED, async ({ writer }) => {
      await writer.save('data', noise(1 << 20, 9));
      await writer.flush();
    });
    const text = await resticOk(sample, 'prune');
    expect(text).toMatch(/to delete: +1 blobs/);
    await expectClean(sample);
    await expectContent(sample.folder, FILES);
  });

  it.each([
    ['by pvebak', (folder: string) => initRepository(folderBackend(folder), PASSWORD, { cost: QUICK_COST })],
    [
      'by restic, of version 1',
      (folder: string) => resticOk({ folder, password: PASSWORD }, 'init', '--repository-version', '1'),
    ],
    [
      'by restic, of version 2',
      (folder: string) => resticOk({ folder, password: PASSWORD }, 'init', '--repository-version', '2'),
    ],
  ])('is copied by `restic copy` to a repository made %s, and read there', async (_, make) => {
    const source = await repositoryWithFiles();
    const target = { folder: join(await temporaryFolder(), 'target'), password: PASSWORD };
    await make(target.folder);
    await quickenKey(await openFolder(target.folder));
    const passwordFile = join(source.folder, '..', 'password');
    await writeFile(passwordFile, PASSWORD);
    await resticOk(target, 'copy', '--from-repo', source.folder, '--from-password-file', passwordFile);
    await expectClean(target);
    await expectContent(target.folder, FILES);
    const [copy] = await readSnapshots(await openFolder(target.folder));
    const [first] = await readSnapshots(source.repository);
    expect(copy).toMatchObject({
      tags: first?.tags,
      paths: first?.paths,
      hostname: 'pve',
      tree: first?.tree,
    });
  });

  it('is known by its first id after `restic tag` rewrote it, twice', async () => {
    const sample = await repositoryWithFiles();
    const [before] = await readSnapshots(sample.repository);
    await resticOk(sample, 'tag', '--add', 'kept');
    await resticOk(sample, 'tag', '--add', 'kept-longer');
    const [after, ...more] = await readSnapshots(sample.repository);
    expect(more).toEqual([]);
    expect(after).toMatchObject({ original: before?.id, tree: before?.tree });
    expect(after?.id).not.toBe(before?.id);
    expect(after?.tags).toEqual([...(before?.tags ?? []), 'kept', 'kept-longer']);
    expect(Date.parse(after?.time ?? '')).toBe(Date.parse(before?.time ?? ''));
    expect(await readSnapshot(sample.repository, after?.id ?? '')).toEqual(after);
  });

  it('may lose its summary when restic 0.14 copies or rewrites it, and is whole without', async () => {
    const sample = await sampleRepository();
    const time = '2026-11-22T18:00:00.120+01:00';
    const summary = {
      backupStart: time,
      backupEnd: '2026-11-22T18:06:00+01:00',
      totalBytesProcessed: 1000,
      dataAdded: 10,
      dataAddedPacked: 5,
    };
    await withSession(sample.repository, SHARED, (session) => saveFiles(session, FILES, { time, summary }));
    const [before] = await readSnapshots(sample.repository);
    expect(before?.summary).toEqual(summary);
    await expectClean(sample);
    await resticOk(sample, 'tag', '--add', 'kept');
    const [after] = await readSnapshots(sample.repository);
    expect(after).toMatchObject({ original: before?.id, tree: before?.tree, paths: before?.paths });
    expect(JSON.parse(await resticOk(sample, 'forget', '--keep-last', '1', '--json'))[0].keep).toHaveLength(
      1,
    );
    await expectClean(sample);
    await expectContent(sample.folder, FILES);
  });

  it('can be opened with a key that restic adds, and not with one that it removes', async () => {
    const sample = await repositoryWithFiles();
    const file = join(sample.folder, '..', 'new-password');
    await writeFile(file, 'new one');
    const [old] = await sample.repository.backend.list('keys');
    await resticOk(sample, 'key', 'add', '--new-password-file', file);
    expect((await openFolder(sample.folder, 'new one')).keyCount).toBe(2);
    expect((await openFolder(sample.folder)).keyCount).toBe(2);
    await resticOk({ ...sample, password: 'new one' }, 'key', 'remove', old?.name ?? '');
    await expect(openFolder(sample.folder)).rejects.toMatchObject({ code: 'wrong-password' });
  });

  it('is found again when restic rebuilt the index from the packs', async () => {
    const sample = await repositoryWithFiles();
    await rm(join(sample.folder, 'index'), { recursive: true });
    await mkdir(join(sample.folder, 'index'));
    await resticOk(sample, 'rebuild-index');
    await expectClean(sample);
    await expectContent(sample.folder, FILES);
  });

  it('agrees with restic on a folder that holds folders', async () => {
    const sample = await sampleRepository();
    await withSession(sample.repository, SHARED, async (session) => {
      const inner = await saveTree(session.writer, []);
      const folder = { type: 'dir', mode: 0o700, mtime: '1970-01-01T00:00:00Z' } as const;
      const named = (name: string, subtree = inner.id) => ({ ...folder, name: Buffer.from(name), subtree });
      const middle = await saveTree(session.writer, [named('b'), named('a')]);
      const root = await saveTree(session.writer, [named('qemu', middle.id)]);
      await session.saveSnapshot(snapshotFacts(root.id));
    });
    const lines = (await resticOk(sample, 'ls', 'latest')).trim().split('\n').slice(1);
    expect(lines.filter((line) => line.startsWith('/'))).toEqual(['/qemu', '/qemu/a', '/qemu/b']);
    await expectClean(sample);
  });
});
