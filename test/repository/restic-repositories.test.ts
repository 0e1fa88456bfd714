import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseIndexFile } from '../../src/repository/index-file.ts';
import { loadIndex } from '../../src/repository/load-index.ts';
import { readSnapshots } from '../../src/repository/read-snapshots.ts';
import { type RepositorySession, withSession } from '../../src/repository/repository.ts';
import type { StoredNode } from '../../src/repository/tree-parser.ts';
import { saveTree } from '../../src/repository/tree-writer.ts';
import { loadUnpacked } from '../../src/repository/unpacked-file.ts';
import { expectContent, readNode } from './expect-content.ts';
import { noise } from './noise.ts';
import { restic, resticOk } from './restic.ts';
import { openFolder, PASSWORD, quickenKey, saveFiles, temporaryFolder } from './sample-repository.ts';
import { snapshotFacts } from './snapshot-facts.ts';

const SHARED = { lock: 'shared', threads: 2 } as const;
const FILES = new Map([
  ['text', Buffer.from('all work and no play\n'.repeat(100_000))],
  ['noise', Buffer.from(noise(5 << 20, 5))],
  ['empty', Buffer.alloc(0)],
]);

describe.each([1, 2])('a repository that restic made, of version %d,', (version) => {
  let made: Made;
  let at: Made;

  beforeAll(async () => {
    made = madeIn(await mkdtemp(join(tmpdir(), 'pvebak-restic-')));
    await mkdir(made.source);
    for (const [name, bytes] of FILES) await writeFile(join(made.source, name), bytes);
    await resticOk(made, 'init', '--repository-version', String(version));
    await resticOk(made, 'backup', '--host', 'h', '--tag', 't', made.source);
    const repository = await openFolder(made.folder);
    expect(repository.config.version).toBe(version);
    await quickenKey(repository);
  });
  afterAll(() => rm(join(made.folder, '..'), { recursive: true }));

  beforeEach(async () => {
    at = { ...madeIn(await temporaryFolder()), source: made.source };
    await cp(made.folder, at.folder, { recursive: true });
  });

  it('is opened, and what restic backed up is read', async () => {
    const repository = await openFolder(at.folder);
    const [snapshot] = await readSnapshots(repository);
    expect(snapshot).toMatchObject({ hostname: 'h', tags: ['t'], paths: [at.source], original: undefined });
    await withSession(repository, SHARED, async (session) => {
      let tree = snapshot?.tree;
      for (const part of at.source.split('/').filter((name) => name !== ''))
        tree = tree && named(await session.reader.readTree(tree), part)?.subtree;
      const nodes = tree === undefined ? [] : await session.reader.readTree(tree);
      for (const [name, bytes] of FILES) await expectFile(session, named(nodes, name), bytes);
    });
  });

  it('takes what pvebak saves, and restic finds no error', async () => {
    const repository = await openFolder(at.folder);
    const files = [{ name: 'ours', blobs: [Buffer.from('z'.repeat(1 << 20)), noise(1 << 20, 6)] }];
    await withSession(repository, SHARED, (session) =>
      saveFiles(session, files, { time: '2099-01-01T00:00:00Z' }),
    );
    expect((await restic(at, 'check', '--read-data')).text).toContain('no errors were found');
    const { stdout } = await restic(at, 'dump', 'latest', '/ours');
    expect(Buffer.compare(stdout, Buffer.concat(files[0]?.blobs ?? []))).toBe(0);
    await expectContent(at.folder, files);
    await resticOk(at, 'backup', '--host', 'h', at.source);
    await resticOk(at, 'prune', '--max-unused', '0');
    expect((await restic(at, 'check', '--read-data')).text).toContain('no errors were found');
  });

  it(
    version === 1 ? 'gets no compressed blob from pvebak, and plain JSON' : 'gets compressed blobs',
    async () => {
      const repository = await openFolder(at.folder);
      const before = new Set((await repository.backend.list('index')).map(({ name }) => name));
      await withSession(repository, SHARED, async (session) => {
        const { id } = await session.writer.save('data', new Uint8Array(1 << 20));
        const content = Array.from({ length: 80_000 }, () => id);
        const node = {
          type: 'file',
          mode: 0o600,
          mtime: '1970-01-01T00:00:00Z',
          name: Buffer.from('large'),
        } as const;
        const tree = await saveTree(session.writer, [{ ...node, size: 80_000 * 2 ** 20, content }]);
        await session.saveSnapshot(snapshotFacts(tree.id));
        expect((await session.reader.readTree(tree.id))[0]?.content.length).toBe(80_000);
      });
      const { backend, key } = repository;
      const names = (await backend.list('index')).map(({ name }) => name).filter((name) => !before.has(name));
      const files = await Promise.all(
        names.map(async (name) =>
          parseIndexFile(await loadUnpacked(backend, key, { type: 'index', name }), name),
        ),
      );
      const entries = files.flatMap(({ packs }) => packs.flatMap((pack) => pack.entries));
      expect(entries.map(({ uncompressedLength }) => uncompressedLength > 0)).toEqual([
        version === 2,
        version === 2,
      ]);
      await resticOk(at, 'check', '--read-data');
    },
  );

  it('is understood after restic pruned it: superseded indexes and all', async () => {
    for (let i = 0; i < 2; i++) {
      await writeFile(join(at.source, 'noise'), noise(1 << 20, 100 + i));
      await resticOk(at, 'backup', '--host', 'h', at.source);
    }
    await resticOk(at, 'forget', '--keep-last', '1', '--prune', '--max-unused', '0');
    const { backend, key } = await openFolder(at.folder);
    const index = await loadIndex(backend, key);
    const packs = await backend.list('data');
    expect(index.packCount).toBe(packs.length);
  });
});

interface Made {
  readonly folder: string;
  readonly password: string;
  /** What restic backed up. */
  readonly source: string;
}

function madeIn(folder: string): Made {
  return { folder: join(folder, 'repository'), password: PASSWORD, source: join(folder, 'source') };
}

function named(nodes: readonly StoredNode[], name: string): StoredNode | undefined {
  return nodes.find((node) => Buffer.from(node.name).toString() === name);
}

async function expectFile(
  session: RepositorySession,
  node: StoredNode | undefined,
  bytes: Buffer,
): Promise<void> {
  expect(node?.size).toBe(bytes.length);
  expect(node === undefined ? 1 : Buffer.compare(await readNode(session, node), bytes)).toBe(0);
}
