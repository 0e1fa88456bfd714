import { describe, expect, it } from 'vitest';
import type { Backend, ListedType } from '../../src/repository/backend.ts';
import { userErrorOf } from './user-error-of.ts';

const NAME = '0a'.repeat(32);
const OTHER = 'f0'.repeat(32);
const BYTES = Buffer.from('0123456789');

/** What every backend must do. `open` gives an empty place each time. */
export function describeBackend(name: string, open: () => Promise<Backend>): void {
  describe(`${name}, as a backend`, () => {
    const created = async () => {
      const backend = await open();
      await backend.create();
      return backend;
    };

    it('has nothing before it was created', async () => {
      const backend = await open();
      expect(await backend.list('keys')).toEqual([]);
      expect(await backend.loadIfPresent({ type: 'config' })).toBeUndefined();
    });

    it('can be created twice, without harm', async () => {
      const backend = await created();
      await backend.save({ type: 'config' }, BYTES);
      await backend.create();
      expect(Buffer.from(await backend.load({ type: 'config' }))).toEqual(BYTES);
    });

    const types: readonly ListedType[] = ['keys', 'data', 'index', 'snapshots', 'locks'];
    it.each(types)(
      'keeps files of the type %s: whole, listed with their size, until they are removed',
      async (type) => {
        const backend = await created();
        await backend.save({ type, name: NAME }, BYTES);
        await backend.save({ type, name: OTHER }, new Uint8Array());
        expect(new Set(await backend.list(type))).toEqual(
          new Set([
            { name: NAME, size: 10 },
            { name: OTHER, size: 0 },
          ]),
        );
        expect(new Set(await backend.names(type))).toEqual(new Set([NAME, OTHER]));
        for (const other of types) if (other !== type) expect(await backend.list(other)).toEqual([]);
        expect(Buffer.from(await backend.load({ type, name: NAME }))).toEqual(BYTES);
        expect(await backend.load({ type, name: OTHER })).toHaveLength(0);
        await backend.remove({ type, name: NAME });
        expect(await backend.list(type)).toEqual([{ name: OTHER, size: 0 }]);
        expect(await backend.loadIfPresent({ type, name: NAME })).toBeUndefined();
      },
    );

    it.each([
      [0, 10, '0123456789'],
      [3, 4, '3456'],
      [9, 1, '9'],
      [5, 0, ''],
      [10, 0, ''],
    ])('reads, from offset %d, %d bytes', async (offset, length, text) => {
      const backend = await created();
      await backend.save({ type: 'data', name: NAME }, BYTES);
      const bytes = await backend.load({ type: 'data', name: NAME }, { offset, length });
      expect(Buffer.from(bytes).toString()).toBe(text);
    });

    it.each([
      [0, 11],
      [9, 2],
      [10, 1],
      [100, 1],
    ])('calls a file damaged that ends within a range (from offset %d, %d bytes)', async (offset, length) => {
      const backend = await created();
      await backend.save({ type: 'data', name: NAME }, BYTES);
      const error = await userErrorOf(backend.load({ type: 'data', name: NAME }, { offset, length }));
      expect(error.code).toBe('repository-damaged');
      expect(error.message).toContain(NAME);
    });

    it('calls a repository damaged where a file is missing, and names the file', async () => {
      const backend = await created();
      const error = await userErrorOf(backend.load({ type: 'snapshots', name: NAME }));
      expect(error).toMatchObject({
        code: 'repository-damaged',
        message: `snapshots/${NAME}: the file is missing`,
      });
    });

    it('removes what is not there without complaint', async () => {
      const backend = await created();
      await backend.remove({ type: 'locks', name: NAME });
    });

    it('keeps the newer of two files of one name', async () => {
      const backend = await created();
      await backend.save({ type: 'index', name: NAME }, BYTES);
      await backend.save({ type: 'index', name: NAME }, Buffer.from('newer'));
      expect(Buffer.from(await backend.load({ type: 'index', name: NAME })).toString()).toBe('newer');
    });
  });
}
