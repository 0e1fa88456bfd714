import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Backend } from '../../src/repository/backend.ts';
import { BlobIndex } from '../../src/repository/blob-index.ts';
import type { BlobWriter } from '../../src/repository/blob-writer.ts';
import { type IndexedPack, parseIndexFile } from '../../src/repository/index-file.ts';
import { IndexWriter } from '../../src/repository/index-writer.ts';
import { loadIndex } from '../../src/repository/load-index.ts';
import { type BlobId, blobId, parseFileId } from '../../src/repository/object-id.ts';
import { PackBuilder } from '../../src/repository/pack-builder.ts';
import { encodePackHeader } from '../../src/repository/pack-header.ts';
import { readSnapshots } from '../../src/repository/read-snapshots.ts';
import {
  initRepository,
  openRepository,
  type Repository,
  withSession,
} from '../../src/repository/repository.ts';
import { saveTree } from '../../src/repository/tree-writer.ts';
import { loadUnpacked } from '../../src/repository/unpacked-file.ts';
import { MemoryBackend } from './memory-backend.ts';
import { noise } from './noise.ts';
import { PASSWORD, QUICK_COST, saveFiles } from './sample-repository.ts';
import { snapshotFacts } from './snapshot-facts.ts';
import { userErrorOf } from './user-error-of.ts';

afterEach(() => {
  vi.useRealTimers();
});

async function openMemory<T extends Backend>(backend: T): Promise<{ backend: T; repository: Repository }> {
  await initRepository(backend, PASSWORD, { cost: QUICK_COST });
  return { backend, repository: await openRepository(backend, PASSWORD) };
}

/** Every place at which a blob is stored, over all index files. */
async function storedBlobs({ backend, key }: Repository): Promise<readonly string[]> {
  const files = await Promise.all(
    (await backend.list('index')).map(async ({ name }) =>
      parseIndexFile(await loadUnpacked(backend, key, { type: 'index', name }), name),
    ),
  );
  return files.flatMap(({ packs }) =>
    packs.flatMap(({ entries }) => entries.map(({ id }) => Buffer.from(id).toString('hex'))),
  );
}

function viewsOfOneBuffer(
  count: number,
  text: (index: number) => Buffer,
): readonly Uint8Array<ArrayBuffer>[] {
  const texts = Array.from({ length: count }, (_, index) => text(index));
  const joined = new Uint8Array(Buffer.concat(texts));
  let at = 0;
  return texts.map(({ length }) => {
    at += length;
    return joined.subarray(at - length, at);
  });
}

const SHARED = { lock: 'shared', threads: 2 } as const;
const file = (content: readonly BlobId[]) => ({
  type: 'file' as const,
  name: Buffer.from('disk.raw'),
  mode: 0o600,
  mtime: '1970-01-01T00:00:00Z',
  size: content.length,
  content,
});

describe('saving blobs', () => {
  it('stores each once, whoever saves it and however often', async () => {
    const { repository } = await openMemory(new MemoryBackend());
    const pipeline = async (writer: BlobWriter) => {
      const saved = await Promise.all(
        Array.from({ length: 200 }, (_, i) => writer.save('data', noise(5000, (i % 100) + 1))),
      );
      await writer.flush();
      return saved;
    };
    const [first, second] = await withSession(repository, SHARED, ({ writer }) =>
      Promise.all([pipeline(writer), pipeline(writer)]),
    );
    expect(first.map(({ id }) => id)).toEqual(second.map(({ id }) => id));
    const added = [...first, ...second].filter(({ storedBytes }) => storedBytes > 0);
    expect(added).toHaveLength(100);
    const stored = await storedBlobs(repository);
    expect(stored).toHaveLength(100);
    expect(new Set(stored).size).toBe(100);
  });

  it('saves many small ones at once as it would one by one, each once', async () => {
    const { repository } = await openMemory(new MemoryBackend());
    const text = (index: number) => Buffer.from(`file ${index % 150}\n`.repeat(1 + (index % 5)));
    const [many, again, singly] = await withSession(repository, SHARED, async ({ writer }) => {
      const save = async () => (await writer.startMany('data', viewsOfOneBuffer(200, text))).done;
      const first = await save();
      await writer.flush();
      const single = Array.from({ length: 200 }, (_, i) => writer.save('data', new Uint8Array(text(i))));
      return [first, await save(), await Promise.all(single)];
    });
    expect(many.map(({ id, length }) => ({ id, length }))).toEqual(
      singly.map(({ id, length }) => ({ id, length })),
    );
    expect(many.filter(({ storedBytes }) => storedBytes > 0)).toHaveLength(150);
    expect([...again, ...singly].every(({ storedBytes }) => storedBytes === 0)).toBe(true);
    expect(await storedBlobs(repository)).toHaveLength(150);
    await withSession(repository, SHARED, async ({ reader }) => {
      for (const [index, { id }] of many.entries())
        expect(Buffer.compare(await reader.read('data', id), text(index))).toBe(0);
    });
  });

  it('saves none of many when there are none, and none after a failure', async () => {
    const { repository } = await openMemory(new MemoryBackend());
    await withSession(repository, SHARED, async ({ writer }) => {
      expect(await (await writer.startMany('data', [])).done).toEqual([]);
      await writer.end();
      const late = await writer.startMany('data', [new Uint8Array(1)]);
      await expect(late.done).rejects.toThrow('the session has ended');
    });
    expect(await storedBlobs(repository)).toEqual([]);
  });

  it('stores nothing again in a later session', async () => {
    const { backend, repository } = await openMemory(new MemoryBackend());
    const save = () =>
      withSession(repository, SHARED, (session) =>
        saveFiles(session, [{ name: 'a', blobs: [noise(5000, 1)] }]),
      );
    await save();
    const before = (await backend.list('data')).length;
    await save();
    expect(await backend.list('data')).toHaveLength(before);
  });

  it('goes on for others while one flushes', async () => {
    const { backend, repository } = await openMemory(new MemoryBackend({ saveMs: 5 }));
    await withSession(repository, SHARED, async ({ writer }) => {
      const others = (async () => {
        for (let i = 0; i < 60; i++) await writer.save('data', noise(400_000, i + 1000));
      })();
      for (let i = 0; i < 10; i++) {
        const { id } = await writer.save('data', noise(3000, i + 1));
        await writer.flush();
        expect((await loadIndex(backend, repository.key)).has(id, 'data')).toBe(true);
      }
      await others;
      await writer.flush();
    });
    expect(await storedBlobs(repository)).toHaveLength(70);
  });

  it('gives a snapshot only after everything that was saved before is stored and indexed', async () => {
    const { backend, repository } = await openMemory(new MemoryBackend({ saveMs: 20 }));
    await withSession(repository, SHARED, (session) =>
      saveFiles(session, [{ name: 'a', blobs: [noise(20 << 20, 1), noise(1 << 20, 2)] }]),
    );
    const kinds = backend.saved.map((name) => name.split('/')[0]);
    expect(kinds.at(-1)).toBe('snapshots');
    expect(kinds.at(-2)).toBe('index');
    expect(kinds.lastIndexOf('data')).toBeLessThan(kinds.indexOf('index'));
  });

  it('waits for a large tree that another pipeline took on, before it gives a snapshot of it', async () => {
    const { backend, repository } = await openMemory(new MemoryBackend());
    await withSession(repository, SHARED, async (session) => {
      const { id } = await session.writer.save('data', noise(100, 1));
      const nodes = [file(Array.from({ length: 100_000 }, () => id))];
      const commit = async () =>
        session.saveSnapshot(snapshotFacts((await saveTree(session.writer, nodes)).id));
      const first = await Promise.race([commit(), commit()]);
      expect((await loadIndex(backend, repository.key)).has(first.tree, 'tree')).toBe(true);
    });
  });

  it('closes a pack at 10,000 blobs, so that its header stays below 1 MiB', () => {
    const builder = new PackBuilder('data');
    while (!builder.isFull) builder.add(blobId(new Uint8Array(32)), new Uint8Array(33), 1);
    expect(builder.entries).toHaveLength(10_000);
    expect(encodePackHeader(builder.entries).length).toBeLessThan(1 << 20);
  });

  it('keeps an index file below 8 MiB, however small the blobs are', async () => {
    const { backend, repository } = await openMemory(new MemoryBackend());
    const { key } = repository;
    const writer = new IndexWriter(backend, key, { index: new BlobIndex(), compress: true });
    const entry = {
      id: blobId(new Uint8Array(32).fill(255)),
      type: 'data' as const,
      offset: 2 ** 32 - 1,
      length: 2 ** 32 - 1,
      uncompressedLength: 2 ** 32 - 1,
    };
    await writer.add(
      indexedPack(
        'aa',
        Array.from({ length: 39_999 }, () => entry),
      ),
    );
    expect(await backend.list('index')).toEqual([]);
    await writer.add(
      indexedPack(
        'bb',
        Array.from({ length: 10_000 }, () => entry),
      ),
    );
    writer.close();
    const [index, ...more] = await backend.list('index');
    expect(more).toEqual([]);
    const plaintext = await loadUnpacked(backend, key, { type: 'index', name: index?.name ?? '' });
    expect(plaintext.length).toBeLessThan(8 << 20);
  });

  it('writes an index at least every minute of a long backup, so that what is interrupted is reused', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { backend, repository } = await openMemory(new MemoryBackend());
    await withSession(repository, { ...SHARED, threads: 1 }, async ({ writer }) => {
      const saving = Array.from({ length: 17 }, (_, i) => writer.save('data', noise(1 << 20, i + 1)));
      await Promise.all(saving);
      while ((await backend.list('data')).length === 0) await wait(5);
      await wait(20);
      expect(await backend.list('index')).toEqual([]);
      vi.advanceTimersByTime(60_000);
      while ((await backend.list('index')).length === 0) await wait(5);
    });
  });
});

describe('when saving fails', () => {
  it.each([
    ['a pack', 4],
    ['the second pack', 5],
  ])(
    'at %s, every later save and flush fails with the same cause, and no snapshot appears',
    async (_, failure) => {
      // Key, config and lock were the first three saves.
      const { backend, repository } = await openMemory(new MemoryBackend({ failAtSave: failure }));
      const causes = await withSession(repository, SHARED, async (session) => {
        const { writer } = session;
        const first = await userErrorOf(
          (async () => {
            for (let i = 0; i < 60; i++) await writer.save('data', noise(1 << 20, i + 1));
            await writer.flush();
          })(),
        );
        const later = [
          userErrorOf(writer.save('data', noise(10, 99))),
          userErrorOf(writer.save('tree', noise(10, 98))),
          userErrorOf(writer.saveZeros(1000)),
          userErrorOf(writer.flush()),
          userErrorOf(saveFiles(session, [])),
          userErrorOf(session.saveSnapshot(snapshotFacts(blobId(new Uint8Array(32))))),
        ];
        return [first, ...(await Promise.all(later))];
      });
      expect(new Set(causes).size).toBe(1);
      expect(causes[0]?.code).toBe('repository-write');
      expect(await readSnapshots(repository)).toEqual([]);
      expect(await backend.list('locks')).toEqual([]);
    },
  );

  it('at an index, flush fails, and again when it is tried again', async () => {
    const { repository } = await openMemory(new MemoryBackend({ failAtSave: 5 }));
    await withSession(repository, SHARED, async (session) => {
      const { writer } = session;
      await writer.save('data', noise(10, 1));
      expect((await userErrorOf(writer.flush())).message).toContain('cannot write index/');
      expect((await userErrorOf(writer.flush())).message).toContain('cannot write index/');
      await userErrorOf(saveFiles(session, []));
    });
    expect(await readSnapshots(repository)).toEqual([]);
  });

  it('because it was interrupted, the cause is the reason of the signal', async () => {
    const { backend, repository } = await openMemory(new MemoryBackend({ saveMs: 20 }));
    const stop = new AbortController();
    const reason = new Error('enough');
    const work = withSession(repository, { ...SHARED, signal: stop.signal }, async (session) => {
      for (let i = 0; i < 1000; i++) {
        if (i === 20) stop.abort(reason);
        await session.writer.save('data', noise(1 << 20, i + 1));
      }
    });
    await expect(work).rejects.toBe(reason);
    expect(await backend.list('locks')).toEqual([]);
    expect(await readSnapshots(repository)).toEqual([]);
  });

  it('the session ends only when nothing is being stored any more', async () => {
    const { backend, repository } = await openMemory(new MemoryBackend({ saveMs: 200 }));
    const work = withSession(repository, SHARED, async ({ writer }) => {
      for (let i = 0; i < 20; i++) await writer.save('data', noise(1 << 20, i + 1));
      throw new Error('the caller gave up');
    });
    await expect(work).rejects.toThrow('the caller gave up');
    expect(backend.saving).toBe(0);
    expect(await storedBlobs(repository), 'what was stored can be reused').not.toEqual([]);
  });

  it('a signal that was aborted before lets nothing begin', async () => {
    const { repository } = await openMemory(new MemoryBackend());
    const signal = AbortSignal.abort(new Error('too late'));
    const work = withSession(repository, { ...SHARED, signal }, ({ writer }) =>
      writer.save('data', noise(10, 1)),
    );
    await expect(work).rejects.toThrow('too late');
  });
});

function indexedPack(digits: string, entries: IndexedPack['entries']): IndexedPack {
  const id = parseFileId(digits.repeat(32));
  if (id === undefined) throw new Error(`no id: ${digits}`);
  return { id, entries };
}
