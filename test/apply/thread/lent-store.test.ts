import { describe, expect, it } from 'vitest';
import { answerStoreCall } from '../../../src/apply/thread/answer-store-call.ts';
import { lentStore, type StoreLine } from '../../../src/apply/thread/lent-store.ts';
import { fromPortableError, toPortableError } from '../../../src/apply/thread/portable-error.ts';
import { transferables } from '../../../src/apply/thread/store-calls.ts';
import { BlobList } from '../../../src/repository/blob-list.ts';
import { blobId } from '../../../src/repository/object-id.ts';
import { withSession } from '../../../src/repository/repository.ts';
import type { Store } from '../../../src/repository/store.ts';
import { saveTree } from '../../../src/repository/tree-writer.ts';
import { UserError } from '../../../src/user-error.ts';
import { noise } from '../../repository/noise.ts';
import { sampleRepository } from '../../repository/sample-repository.ts';
import { snapshotFacts } from '../../repository/snapshot-facts.ts';
import { userErrorOf } from '../../repository/user-error-of.ts';

/** What goes over it is cloned and handed over as between threads. */
function clonedLine(store: Store): StoreLine {
  return {
    async call(call, make) {
      const there = structuredClone(call, { transfer: transferables(call) });
      const answer = await answerStoreCall(store, there, async (compress) => {
        const bytes = await make?.(compress);
        if (bytes === undefined) throw new Error('nobody makes it');
        return structuredClone(bytes, { transfer: [bytes.buffer] });
      });
      return structuredClone(answer, { transfer: transferables(answer) });
    },
  };
}

async function withLent<T>(work: (lent: Store, own: Store) => Promise<T>): Promise<T> {
  const { repository } = await sampleRepository();
  return withSession(repository, { lock: 'shared' }, (session) =>
    work(lentStore(clonedLine(session), session), session),
  );
}

describe('a repository lent to another thread', () => {
  it('saves a blob once, whoever saves it', async () => {
    const [first, again] = await withLent(async (lent, own) => [
      await own.writer.save('data', noise(5000, 1)),
      await lent.writer.save('data', noise(5000, 1)),
    ]);
    expect(first?.storedBytes).toBeGreaterThan(5000);
    expect(again).toEqual({ ...first, storedBytes: 0 });
  });

  it('saves many at once, views of one buffer, in their order', async () => {
    const whole = noise(3000, 2);
    const lengths = [1000, 0, 2000];
    const views = [whole.subarray(0, 1000), whole.subarray(1000, 1000), whole.subarray(1000)];
    const copies = views.map((view) => view.slice());
    await withLent(async (lent) => {
      const { done } = await lent.writer.startMany('data', views);
      const blobs = await done;
      expect(blobs.map(({ length }) => length)).toEqual(lengths);
      const again = await Promise.all(copies.map((copy) => lent.writer.save('data', copy)));
      expect(again.map(({ id }) => id)).toEqual(blobs.map(({ id }) => id));
      expect(again.map(({ storedBytes }) => storedBytes)).toEqual([0, 0, 0]);
    });
  });

  it('saves zeros of one length with one call', async () => {
    await withLent(async (lent) => {
      const [first, second] = await Promise.all([
        lent.writer.saveZeros(1 << 20),
        lent.writer.saveZeros(1 << 20),
      ]);
      expect(first.length).toBe(1 << 20);
      expect(second.id).toEqual(first.id);
    });
  });

  it('gives trees back as they were, long lists too, and large ones are made where they are', async () => {
    const content = new BlobList();
    const ids = Array.from({ length: 150_000 }, (_, i) => {
      const id = new Uint8Array(32);
      new DataView(id.buffer).setUint32(0, i < 20_000 ? 7 : i);
      return blobId(id);
    });
    for (const id of ids) content.push(id);
    const node = {
      type: 'file',
      name: Buffer.from('disk \xff', 'latin1'),
      mode: 0o600,
      size: 5,
      content,
    } as const;
    const time = { mtime: '1970-01-01T00:00:00Z' };
    await withLent(async (lent, own) => {
      const { id, length } = await saveTree(lent.writer, [{ ...node, ...time }]);
      expect(length).toBeGreaterThan(4 << 20);
      await lent.saveSnapshot(snapshotFacts(id));
      const [theirs] = await own.reader.readTree(id);
      const [ours] = await lent.reader.readTree(id);
      expect(ours?.name).toEqual(Uint8Array.from(node.name));
      expect(ours?.fields).toEqual(theirs?.fields);
      expect([...(ours?.content ?? [])]).toEqual(ids);
    });
  });

  it('commits a snapshot, after which all of it can be read', async () => {
    await withLent(async (lent, own) => {
      const blob = await lent.writer.save('data', noise(5000, 3));
      const snapshot = await lent.saveSnapshot(snapshotFacts(blob.id));
      expect(await own.readSnapshot(snapshot.id)).toEqual(snapshot);
      expect(await lent.readSnapshot(snapshot.id)).toEqual(snapshot);
      expect(await lent.reader.read('data', blob.id)).toEqual(noise(5000, 3));
    });
  });

  it('says of what is not there what the repository says', async () => {
    await withLent(async (lent) => {
      const missing = blobId(new Uint8Array(32).fill(1));
      expect(await userErrorOf(lent.reader.read('data', missing))).toMatchObject({
        code: 'repository-damaged',
      });
      expect(await userErrorOf(lent.readSnapshot('f'.repeat(64)))).toMatchObject({
        code: 'snapshot-not-found',
      });
    });
  });
});

describe('an error that goes to another thread', () => {
  it('is for the user there if it was here', () => {
    const error = new UserError('guest', 'qemu/101 is gone', { hint: 'plan again' });
    const there = fromPortableError(structuredClone(toPortableError(error)));
    expect(there).toBeInstanceOf(UserError);
    expect(there).toMatchObject({ code: 'guest', message: 'qemu/101 is gone', hint: 'plan again' });
  });

  it.each([new RangeError('out of range'), 'just a text'])('keeps its words and its place (%o)', (error) => {
    const there = fromPortableError(structuredClone(toPortableError(error)));
    expect(there).not.toBeInstanceOf(UserError);
    expect(there.message).toBe(error instanceof Error ? error.message : error);
    if (error instanceof Error) expect(there.stack).toBe(error.stack);
  });
});
