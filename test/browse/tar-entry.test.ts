import { describe, expect, it } from 'vitest';
import { encodeTarEntry, paddingOf, type TarEntry, tarEnd } from '../../src/browse/tar-entry.ts';
import { readTar } from '../../src/formats/tar/read-tar.ts';
import type { TarMember } from '../../src/formats/tar/tar-member.ts';

const ENTRY: TarEntry = {
  path: Buffer.from('./file'),
  typeFlag: '0',
  mode: 0o4755,
  uid: 1000,
  gid: 100,
  size: 0,
  mtime: '2026-11-22T18:00:00Z',
  atime: '',
  linkPath: new Uint8Array(),
  device: { major: 0, minor: 0 },
  records: [],
};

async function decoded(changed: Partial<TarEntry>): Promise<TarMember> {
  const entry = { ...ENTRY, ...changed };
  const source = (async function* () {
    yield encodeTarEntry(entry);
    if (entry.size < 1000) yield Buffer.concat([Buffer.alloc(entry.size), paddingOf(entry.size), tarEnd()]);
  })();
  for await (const event of readTar(source)) if (event.kind === 'member') return event.member;
  throw new Error('no member');
}

describe('an entry of a tar', () => {
  it('is one block where all fits', async () => {
    expect(encodeTarEntry(ENTRY)).toHaveLength(512);
    expect(await decoded({})).toMatchObject({ mode: 0o4755, uid: 1000, gid: 100, size: 0, realSize: 0 });
  });

  it.each([
    [
      'a name of 100 bytes',
      { path: Buffer.alloc(100, 'n') },
      { rawName: new Uint8Array(Buffer.alloc(100, 'n')) },
    ],
    ['a longer one', { path: Buffer.alloc(3000, 'n') }, { rawName: new Uint8Array(Buffer.alloc(3000, 'n')) }],
    [
      'a long name that is no UTF-8',
      { path: Buffer.alloc(101, 0xe9) },
      { rawName: new Uint8Array(Buffer.alloc(101, 0xe9)) },
    ],
    [
      'a long link',
      { typeFlag: '2', linkPath: Buffer.alloc(101, 'l') },
      { type: 'symlink', linkName: new Uint8Array(Buffer.alloc(101, 'l')) },
    ],
    ['large ids', { uid: 4_000_000_000, gid: 3_000_000 }, { uid: 4_000_000_000, gid: 3_000_000 }],
    ['a large file', { size: 2 ** 40 }, { realSize: 2 ** 40 }],
    ['a time with a fraction', { mtime: '2026-11-22T18:00:00.00012Z' }, { mtime: { nanoseconds: 120_000 } }],
    [
      'a time before 1970',
      { mtime: '1969-12-31T23:59:58.75Z' },
      { mtime: { seconds: -2, nanoseconds: 750_000_000 } },
    ],
    [
      'a moment before 1970',
      { mtime: '1969-12-31T23:59:59.75Z' },
      { mtime: { seconds: -1, nanoseconds: 750_000_000 } },
    ],
    [
      'a device',
      { typeFlag: '4', device: { major: 8, minor: 17 } },
      { type: 'block-device', deviceMajor: 8, deviceMinor: 17 },
    ],
  ] as const)('keeps %s', async (_, changed, expected) => {
    expect(await decoded(changed)).toMatchObject(expected);
  });

  it.each([1, 2, 88, 89, 90, 91, 92, 985, 990, 995, 1000])(
    'keeps a record of %i bytes, whose length counts its own digits',
    async (length) => {
      const value = new Uint8Array(length).fill(0x0a);
      const { records } = await decoded({ records: [{ key: 'SCHILY.xattr.user.x', value }] });
      expect(records.get('SCHILY.xattr.user.x')).toEqual(value);
    },
  );
});
