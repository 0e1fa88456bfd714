import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Backend, FileName } from '../../../src/repository/backend.ts';
import { withForgetting } from '../../../src/repository/forget-snapshots.ts';
import { loadIndex } from '../../../src/repository/load-index.ts';
import { pruneRepository } from '../../../src/repository/prune/prune-repository.ts';
import { readSnapshots } from '../../../src/repository/read-snapshots.ts';
import {
  initRepository,
  openRepository,
  type Repository,
  withSession,
} from '../../../src/repository/repository.ts';
import type { Snapshot } from '../../../src/repository/snapshot-file.ts';
import { saveUnpacked } from '../../../src/repository/unpacked-file.ts';
import { MemoryBackend } from '../memory-backend.ts';
import { noise } from '../noise.ts';
import { restic, resticOk } from '../restic.ts';
import {
  openFolder,
  PASSWORD,
  QUICK_COST,
  type SampleRepository,
  sampleRepository,
  saveFiles,
} from '../sample-repository.ts';
import { userErrorOf } from '../user-error-of.ts';

const signal = new AbortController().signal;
const ALL = { mostUnusedShare: 0, threads: 1, signal };
/** What does not compress, of one day. */
const DAY_BYTES = 1 << 18;

/** Days 0 to 3, a snapshot each, in one repository: what each day brings is half of the next day, too. */
async function saveDays(repository: Repository): Promise<readonly Snapshot[]> {
  return await withSession(repository, { lock: 'shared', threads: 1 }, async (session) => {
    const saved: Snapshot[] = [];
    for (let day = 0; day < 4; day++) {
      const blobs = [
        noise(DAY_BYTES, day),
        noise(DAY_BYTES, day + 1),
        noise(3000, 100 + day),
        new Uint8Array(5000),
      ];
      const facts = { time: `2026-11-0${day + 1}T02:00:00Z`, paths: [`/qemu/${100 + day}`] };
      // A snapshot ends the packs before it: each day has its own, mixed with what others use.
      saved.push(await saveFiles(session, [{ name: 'disk.raw', blobs }], facts));
    }
    return saved;
  });
}

async function sampleDays() {
  const sample = await sampleRepository();
  return { sample, snapshots: await saveDays(sample.repository) };
}

/** Reads every blob of every snapshot. @returns how many snapshots there are */
async function readAll(repository: Repository): Promise<number> {
  const snapshots = await readSnapshots(repository);
  await withSession(repository, { lock: 'shared', threads: 1 }, async ({ reader }) => {
    for (const { tree } of snapshots)
      for (const node of await reader.readTree(tree))
        for (const id of node.content) await reader.read('data', id);
  });
  return snapshots.length;
}

const forget = ({ repository }: SampleRepository, ...snapshots: readonly (Snapshot | undefined)[]) =>
  withForgetting(repository, { signal }, (forgetSnapshots) =>
    forgetSnapshots(
      snapshots.flatMap((one) => one?.id ?? []),
      [],
    ),
  );

describe('prune', () => {
  it('leaves what snapshots refer to, and nothing else', async () => {
    const { sample, snapshots } = await sampleDays();
    await forget(sample, snapshots[0], snapshots[2]);
    const report = await pruneRepository(sample.repository, ALL);
    expect(report).toMatchObject({ snapshots: 2, unusedBytesLeft: 0, strayPacks: 0 });
    // Day 1 is made of 1 and 2, day 3 of 3 and 4: what only day 0 had is gone, and the small files of days 0 and 2.
    expect(report.bytesBefore - report.bytesAfter).toBeGreaterThan(DAY_BYTES);
    expect(report.bytesAfter).toBeLessThan(4.1 * DAY_BYTES);
    await resticOk(sample, 'check', '--read-data');
    expect(await readAll(await openFolder(sample.folder))).toBe(2);
    expect(await resticOk(sample, 'prune', '--dry-run')).toMatch(/to delete:\s+0 blobs/);
  });

  it('does nothing where nothing was forgotten', async () => {
    const { sample } = await sampleDays();
    const before = await resticOk(sample, 'list', 'index');
    expect(await pruneRepository(sample.repository, ALL)).toMatchObject({
      removedPacks: 0,
      repackedPacks: 0,
    });
    expect(await resticOk(sample, 'list', 'index')).toBe(before);
  });

  it('lets a share of waste stay, when told so', async () => {
    const { sample, snapshots } = await sampleDays();
    await forget(sample, snapshots[2]);
    const report = await pruneRepository(sample.repository, { ...ALL, mostUnusedShare: 0.5 });
    expect(report).toMatchObject({ repackedPacks: 0 });
    expect(report.unusedBytesLeft).toBeGreaterThan(0);
    await resticOk(sample, 'check', '--read-data');
  });

  it('empties a repository whose snapshots are all gone', async () => {
    const { sample, snapshots } = await sampleDays();
    await forget(sample, ...snapshots);
    expect(await pruneRepository(sample.repository, ALL)).toMatchObject({ snapshots: 0, bytesAfter: 0 });
    expect(await sample.repository.backend.names('index')).toEqual([]);
    await resticOk(sample, 'check', '--read-data');
  });

  it('takes away what an interrupted backup left: packs in no index', async () => {
    const { sample } = await sampleDays();
    const [index = ''] = await sample.repository.backend.names('index');
    await sample.repository.backend.remove({ type: 'index', name: index });
    const all = await restic(sample, 'check');
    expect(all.status).not.toBe(0);
    const damage = await userErrorOf(pruneRepository(sample.repository, ALL));
    expect(damage.code).toBe('repository-damaged');
    const other = await sampleRepository();
    const stray = join(other.folder, 'data', 'ab');
    await mkdir(stray, { recursive: true });
    await writeFile(join(stray, 'ab'.repeat(32)), 'never finished');
    expect(await pruneRepository(other.repository, ALL)).toMatchObject({ strayPacks: 1, bytesAfter: 0 });
    expect(await readdir(stray)).toEqual([]);
  });

  it('believes no index that another one supersedes, not even when that one is rewritten', async () => {
    const { sample, snapshots } = await sampleDays();
    const { backend, key } = sample.repository;
    const blob = JSON.stringify({ id: '12'.repeat(32), type: 'data', offset: 0, length: 100 });
    const name = await saveUnpacked(backend, key, {
      type: 'index',
      plaintext: Buffer.from(`{"packs":[{"id":"${'cd'.repeat(32)}","blobs":[${blob}]}]}`),
      compress: true,
    });
    await saveUnpacked(backend, key, {
      type: 'index',
      plaintext: Buffer.from(`{"supersedes":["${name}"],"packs":[]}`),
      compress: true,
    });
    await forget(sample, snapshots[0]);
    await pruneRepository(sample.repository, ALL);
    expect(await backend.names('index')).not.toContain(name);
    await resticOk(sample, 'check', '--read-data');
    expect(await readAll(await openFolder(sample.folder))).toBe(3);
  });

  it.each([
    ['a pack of data', 'data'],
    ['a pack of trees', 'tree'],
  ])('removes nothing when %s is missing that a snapshot needs', async (_, type) => {
    const { sample, snapshots } = await sampleDays();
    await forget(sample, snapshots[0]);
    const victim = await packOf(sample, snapshots[3], type);
    await rm(join(sample.folder, 'data', victim.slice(0, 2), victim));
    const before = await files(sample.repository.backend);
    expect(await userErrorOf(pruneRepository(sample.repository, ALL))).toMatchObject({
      code: 'repository-damaged',
    });
    expect(await files(sample.repository.backend)).toEqual(before);
  });

  it('refuses while somebody else works there', async () => {
    const { sample } = await sampleDays();
    await withSession(sample.repository, { lock: 'shared', threads: 1 }, async () => {
      expect(await userErrorOf(pruneRepository(sample.repository, ALL))).toMatchObject({
        code: 'repository-locked',
      });
    });
  });
});

describe('prune that is stopped', () => {
  it('at any of its writes and removals loses nothing, and the next one finishes its work', async () => {
    const before = new MemoryBackend();
    await initRepository(before, PASSWORD, { cost: QUICK_COST });
    const repository = await openRepository(before, PASSWORD);
    const snapshots = await saveDays(repository);
    const ids = [snapshots[0], snapshots[2]].flatMap((one) => one?.id ?? []);
    await withForgetting(repository, { signal }, (forgetSnapshots) => forgetSnapshots(ids, []));
    const pruneCopy = async (stopAt: number) => {
      const backend = new MemoryBackend();
      for (const [name, bytes] of before.files) backend.files.set(name, bytes);
      const stopping = new StoppingBackend(backend, stopAt);
      const pruned = pruneRepository({ ...repository, backend: stopping }, ALL);
      if (stopAt === Number.POSITIVE_INFINITY) await pruned;
      else await expect(pruned).rejects.toThrow('stopped');
      return { backend, steps: stopping.steps };
    };
    const whole = await pruneCopy(Number.POSITIVE_INFINITY);
    expect(whole.steps).toBeGreaterThan(6);
    for (let stop = 1; stop <= whole.steps; stop++) {
      const stopped = { ...repository, ...(await pruneCopy(stop)) };
      expect(await readAll(stopped), `stopped at step ${stop}`).toBe(2);
      await pruneRepository(stopped, ALL);
      expect(await readAll(stopped)).toBe(2);
      expect(await sizeOf(stopped.backend)).toBeLessThan((await sizeOf(whole.backend)) * 1.01);
    }
  });
});

/** Fails instead of doing the write or removal of a given number; locks are not counted. */
class StoppingBackend implements Backend {
  readonly where = 'memory';
  steps = 0;
  readonly #backend: Backend;
  readonly #stopAt: number;

  constructor(backend: Backend, stopAt: number) {
    this.#backend = backend;
    this.#stopAt = stopAt;
  }

  create = () => this.#backend.create();
  names: Backend['names'] = (type) => this.#backend.names(type);
  list: Backend['list'] = (type) => this.#backend.list(type);
  load: Backend['load'] = (file, range) => this.#backend.load(file, range);
  loadIfPresent: Backend['loadIfPresent'] = (file) => this.#backend.loadIfPresent(file);
  sweep: Backend['sweep'] = (before) => this.#backend.sweep(before);

  async save(file: FileName, bytes: Uint8Array): Promise<void> {
    this.#step(file);
    await this.#backend.save(file, bytes);
  }

  async remove(file: FileName): Promise<void> {
    this.#step(file);
    await this.#backend.remove(file);
  }

  #step({ type }: FileName): void {
    if (type === 'locks') return;
    this.steps += 1;
    if (this.steps === this.#stopAt) throw new Error('stopped');
  }
}

async function sizeOf(backend: Backend): Promise<number> {
  return (await backend.list('data')).reduce((sum, { size }) => sum + size, 0);
}

async function files(backend: Backend): Promise<readonly string[]> {
  return [
    ...(await backend.names('data')),
    ...(await backend.names('index')),
    ...(await backend.names('snapshots')),
  ];
}

/** The pack of a snapshot's tree, or of a blob that no other snapshot has. */
async function packOf({ repository }: SampleRepository, snapshot: Snapshot | undefined, type: string) {
  if (snapshot === undefined) throw new Error('no snapshot');
  const index = await loadIndex(repository.backend, repository.key);
  return await withSession(repository, { lock: 'shared', threads: 1 }, async ({ reader }) => {
    const [file] = await reader.readTree(snapshot.tree);
    const own = file?.content.at(1);
    const pack = type === 'tree' ? index.find(snapshot.tree, 'tree') : own && index.find(own, 'data');
    if (pack === undefined) throw new Error('in no pack');
    return pack.pack;
  });
}
