import { describe, expect, it } from 'vitest';
import { BlobLender, type LentBlob } from '../../src/repository/blob-lender.ts';
import { type BlobId, blobId } from '../../src/repository/object-id.ts';
import { withSession } from '../../src/repository/repository.ts';
import type { BlobFiller, BlobSource, Store } from '../../src/repository/store.ts';
import { noise } from './noise.ts';
import { sampleRepository } from './sample-repository.ts';
import { userErrorOf } from './user-error-of.ts';

const MISSING = blobId(new Uint8Array(32).fill(1));
/** More than there is room for in one piece of memory. */
const LARGE = (4 << 20) + 1;
const LENGTHS = [1000, 0, 300_000, 1 << 20, LARGE, 2 << 20, 2 << 20, 70_000, 1 << 20, 1 << 20, 5, 1 << 20];

async function withBlobs(work: (store: Store, ids: readonly BlobId[]) => Promise<void>): Promise<void> {
  const { repository } = await sampleRepository();
  await withSession(repository, { lock: 'shared' }, async (session) => {
    const saved = await Promise.all(
      LENGTHS.map((length, n) => session.writer.save('data', noise(length, n))),
    );
    await session.writer.flush();
    await work(
      session,
      saved.map(({ id }) => id),
    );
  });
}

/** Counts the pieces of memory that it is given. */
function counting(reader: BlobSource & BlobFiller) {
  const memories = new Set<SharedArrayBuffer>();
  return {
    memories,
    reader: {
      read: reader.read.bind(reader),
      readTree: reader.readTree.bind(reader),
      readInto: (ids: readonly BlobId[], memory: SharedArrayBuffer) => {
        memories.add(memory);
        return reader.readInto(ids, memory);
      },
    },
  };
}

describe('blobs that are lent', () => {
  it('are those that were asked for, of whatever length', async () => {
    await withBlobs(async ({ reader }, ids) => {
      const lender = new BlobLender(reader);
      const lent = await Promise.all(ids.map((id) => lender.borrow(id)));
      for (const [n, { bytes }] of lent.entries())
        expect(Buffer.compare(bytes, noise(LENGTHS[n] ?? 0, n))).toBe(0);
    });
  });

  it('have memory that is lent again once all that is in it came back, and not before', async () => {
    await withBlobs(async (store, ids) => {
      const { reader, memories } = counting(store.reader);
      const lender = new BlobLender(reader);
      const small = ids.slice(0, 4);
      const kept: LentBlob[] = [];
      for (let turn = 0; turn < 5; turn++) {
        const lent = await Promise.all(small.map((id) => lender.borrow(id)));
        const last = lent.pop();
        for (const one of lent) one.giveBack();
        if (turn === 0 && last !== undefined) kept.push(last);
        else last?.giveBack();
      }
      expect(memories.size).toBe(2);
      expect(Buffer.compare(kept[0]?.bytes ?? Buffer.of(), noise(LENGTHS[3] ?? 0, 3))).toBe(0);
    });
  });

  it('do not suffer from one beside them that cannot be read, which is named', async () => {
    await withBlobs(async ({ reader }, [first, second, third]) => {
      const lender = new BlobLender(reader);
      const asked = [first, second, MISSING, third].map((id) => lender.borrow(id ?? MISSING));
      const missing = asked.splice(2, 1)[0] ?? Promise.reject(new Error('nothing was asked for'));
      expect(await userErrorOf(missing)).toMatchObject({
        code: 'repository-damaged',
        message: expect.stringContaining(Buffer.from(MISSING).toString('hex')),
      });
      const lengths = (await Promise.all(asked)).map(({ bytes }) => bytes.length);
      expect(lengths).toEqual([LENGTHS[0], LENGTHS[1], LENGTHS[2]]);
    });
  });
});
