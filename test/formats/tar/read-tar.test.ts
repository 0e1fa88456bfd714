import { open, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTar } from '../../../src/formats/tar/read-tar.ts';
import type { TarMember, TarMemberType } from '../../../src/formats/tar/tar-member.ts';
import { concatenated } from '../concatenated.ts';
import { inPieces } from '../in-pieces.ts';
import { gnuTar, inFolder } from './gnu-tar.ts';
import { END_BLOCKS, joinBytes, paxEntry, tarEntry, tarHeader, withChecksum } from './tar-builder.ts';
import { containerListing, containerTar } from './tar-fixture.ts';
import { tarMembers } from './tar-members.ts';

describe('the dump of a container', async () => {
  const archive = await containerTar();

  it.each([17, 511, 4099, 65536, 1 << 24])(
    'comes through byte for byte, in pieces of %i bytes',
    async (pieceBytes) => {
      expect(Buffer.from(await concatenated(eventBytes(archive, pieceBytes))).equals(archive)).toBe(true);
    },
  );

  it('has the members that GNU tar lists', async () => {
    const members = await tarMembers(archive);
    expect(members.map(({ member }) => listed(member))).toEqual((await containerListing()).map(evenlySpaced));
  });

  it('has times to the nanosecond', async () => {
    const [first] = await tarMembers(archive);
    expect(first?.member).toMatchObject({
      mtime: { seconds: 1795368432, nanoseconds: 988848466 },
      atime: { seconds: 1795368432, nanoseconds: 985858430 },
      ctime: { seconds: 1795368432, nanoseconds: 988848466 },
    });
  });

  it('has extended attributes, capabilities and access lists as raw records', async () => {
    const members = await tarMembers(archive);
    const recordsOf = (name: string) => members.find((found) => found.name === name)?.member.records;
    expect([...(recordsOf('./root/with-xattr')?.keys() ?? [])]).toContain('SCHILY.xattr.user.comment');
    expect(recordsOf('./usr/bin/busybox-hard')?.get('SCHILY.xattr.security.capability')?.length).toBe(20);
  });

  it('says where the data of a sparse file belongs', async () => {
    const sparse = (await tarMembers(archive)).find(({ name }) => name === './var/lib/sparse.img');
    expect(sparse?.member.realSize).toBe(33554432);
    expect(sparse?.member.size).toBeLessThan(16384);
    expect(sparse?.member.layout.kind).toBe('sparse');
  });
});

describe('an archive of GNU tar', () => {
  it.each(['posix', 'gnu', 'oldgnu'])(
    'in the format %s has names, links and contents of any length',
    async (format) => {
      await inFolder(async (folder) => {
        const long = 'n'.repeat(200);
        const content = Uint8Array.from({ length: 100_000 }, (_, index) => index % 253);
        await writeFile(join(folder, long), content);
        await symlink('t'.repeat(300), join(folder, 'link'));
        const members = await tarMembers(
          await gnuTar(folder, [`--format=${format}`, '--owner=:5000000', '--group=:6000000']),
        );
        const file = members.find(({ name }) => name === `./${long}`);
        expect(file?.content).toEqual(content);
        expect(file?.member).toMatchObject({ uid: 5_000_000, gid: 6_000_000, type: 'file' });
        const link = members.find(({ name }) => name === './link')?.member;
        expect(new TextDecoder().decode(link?.linkName)).toBe('t'.repeat(300));
        expect(link?.type).toBe('symlink');
      });
    },
  );

  it.each(['ustar', 'v7'])('in the format %s has what it can say', async (format) => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'a'), 'hello');
      const members = await tarMembers(await gnuTar(folder, [`--format=${format}`, '--mtime=@1000000000']));
      expect(members.map(({ name, member: { type } }) => ({ name, type }))).toEqual([
        { name: './', type: 'directory' },
        { name: './a', type: 'file' },
      ]);
      expect(members[1]?.member.mtime).toEqual({ seconds: 1_000_000_000, nanoseconds: 0 });
    });
  });

  it('with a sparse file has its regions, however the pieces fall', async () => {
    await inFolder(async (folder) => {
      const file = await open(join(folder, 'sparse'), 'w');
      const data = Uint8Array.from({ length: 65536 }, (_, index) => (index % 255) + 1);
      for (const offset of [0, 1 << 20, 9 << 20]) await file.write(data, 0, data.length, offset);
      await file.truncate(16 << 20);
      await file.close();
      const archive = await gnuTar(folder, ['--format=posix', '--sparse']);
      for (const pieceBytes of [513, 65536]) {
        const sparse = (await tarMembers(archive, pieceBytes)).find(({ name }) => name === './sparse');
        expect(sparse?.member.layout).toEqual({
          kind: 'sparse',
          regions: [0, 1 << 20, 9 << 20].map((offset) => ({ offset, length: 65536 })),
        });
        const expected = new Uint8Array(16 << 20);
        for (const offset of [0, 1 << 20, 9 << 20]) expected.set(data, offset);
        expect(Buffer.from(sparse?.content ?? []).equals(expected)).toBe(true);
      }
    });
  });
});

describe('a member', () => {
  it('is named by pax before GNU before ustar', async () => {
    const longName = tarEntry({ name: '././@LongLink', type: 'L' }, 'by-gnu\0');
    const longLink = tarEntry({ name: '././@LongLink', type: 'K' }, 'link-by-gnu\0');
    const link = tarHeader({ name: 'name', prefix: 'by/ustar', type: '2', linkName: 'link' });
    const pax = paxEntry({ path: 'by-pax', linkpath: 'link-by-pax' });
    expect(await namesOf([link])).toEqual(['by/ustar/name -> link']);
    expect(await namesOf([longLink, longName, link])).toEqual(['by-gnu -> link-by-gnu']);
    expect(await namesOf([longName, pax, longLink, link])).toEqual(['by-pax -> link-by-pax']);
    expect(await namesOf([pax, link, link])).toEqual(['by-pax -> link-by-pax', 'by/ustar/name -> link']);
  });

  it('has no prefix where GNU keeps other things', async () => {
    expect(await namesOf([tarHeader({ name: 'name', prefix: 'atime', magic: 'ustar  \0' })])).toEqual([
      'name',
    ]);
  });

  it('takes global records, which its own override, and an empty one withdraws', async () => {
    const members = await membersOf([
      paxEntry({ uid: '7', mtime: '1.5', 'SCHILY.xattr.user.a': 'global' }, 'g'),
      tarHeader({ name: 'one' }),
      paxEntry({ uid: '8', mtime: '', 'SCHILY.xattr.user.a': '' }),
      tarHeader({ name: 'two', mtime: 99 }),
    ]);
    expect(members.map(({ member: { uid, mtime, records } }) => ({ uid, mtime, records }))).toEqual([
      {
        uid: 7,
        mtime: { seconds: 1, nanoseconds: 500_000_000 },
        records: new Map([['SCHILY.xattr.user.a', new TextEncoder().encode('global')]]),
      },
      {
        uid: 8,
        mtime: { seconds: 99, nanoseconds: 0 },
        records: new Map([['SCHILY.xattr.user.a', new Uint8Array(0)]]),
      },
    ]);
  });

  it('may have a size that only its records can say', async () => {
    const [found] = await membersOf([paxEntry({ size: '5' }), tarEntry({ name: 'a', size: 0 }, 'hello')]);
    expect(new TextDecoder().decode(found?.content)).toBe('hello');
  });

  it('keeps names and values that are not UTF-8', async () => {
    const header = Buffer.from(tarHeader({ name: 'x' }));
    header[0] = 0xff;
    const [found] = await membersOf([
      paxEntry({ 'SCHILY.xattr.user.a': new Uint8Array([0, 10, 255]) }),
      withChecksum(header),
    ]);
    expect(found?.member.rawName).toEqual(new Uint8Array([0xff]));
    expect(found?.member.records.get('SCHILY.xattr.user.a')).toEqual(new Uint8Array([0, 10, 255]));
  });

  it.each<[string, string, TarMemberType]>([
    ['0', 'a', 'file'],
    ['\0', 'a', 'file'],
    ['7', 'a', 'file'],
    ['0', 'a/', 'directory'],
    ['1', 'a', 'hard-link'],
    ['2', 'a', 'symlink'],
    ['3', 'a', 'character-device'],
    ['4', 'a', 'block-device'],
    ['5', 'a/', 'directory'],
    ['6', 'a', 'fifo'],
    ['V', 'a', 'other'],
  ])('of type %j called %s is a %s', async (type, name, expected) => {
    const [found] = await membersOf([tarHeader({ name, type })]);
    expect(found?.member.type).toBe(expected);
  });

  it('that is a hard link has no data, whatever size it tells', async () => {
    expect(
      await namesOf([tarHeader({ name: 'a', type: '1', size: 5, linkName: 'b' }), tarHeader({ name: 'c' })]),
    ).toEqual(['a -> b', 'c']);
  });

  it('that is sparse in a way of its own is delivered as it is stored', async () => {
    const map = (text: string) => joinBytes([Buffer.from(text.padEnd(512, '\0')), Buffer.alloc(1024, 1)]);
    const records = {
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': 'a',
      'GNU.sparse.realsize': '4096',
    };
    const layoutOf = async (text: string, change = {}) =>
      (await membersOf([paxEntry({ ...records, ...change }), tarEntry({ name: 'x' }, map(text))]))[0]?.member
        .layout;
    expect(await layoutOf('1\n512\n1024\n')).toEqual({
      kind: 'sparse',
      regions: [{ offset: 512, length: 1024 }],
    });
    expect(await layoutOf('2\n512\n1024\n4096\n0\n')).toEqual({
      kind: 'sparse',
      regions: [{ offset: 512, length: 1024 }],
    });
    const unknown = (reason: string) => ({ kind: 'unknown', reason });
    expect(await layoutOf('2\n512\n512\n512\n512\n')).toEqual(unknown('its regions overlap'));
    expect(await layoutOf('1\n4000\n1024\n')).toEqual(unknown('its regions reach beyond its end'));
    expect(await layoutOf('1\n0\n1000\n')).toEqual(
      unknown('its regions have 1000 bytes, but 1024 are stored'),
    );
    expect(await layoutOf('', { 'GNU.sparse.minor': '1' })).toEqual(
      unknown('it is stored in a sparse format other than 1.0'),
    );
  });
});

it('ends the source when its reader has enough', async () => {
  const ended: string[] = [];
  async function* source() {
    try {
      yield tarHeader({ name: 'a' });
      yield END_BLOCKS;
    } finally {
      ended.push('ended');
    }
  }
  for await (const _ of readTar(source())) break;
  expect(ended).toEqual(['ended']);
});

async function* eventBytes(archive: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array, void, void> {
  for await (const event of readTar(inPieces(archive, pieceBytes)))
    if (event.kind !== 'member') yield event.bytes;
}

function membersOf(entries: readonly Uint8Array[]): ReturnType<typeof tarMembers> {
  return tarMembers(joinBytes([...entries, END_BLOCKS]));
}

async function namesOf(entries: readonly Uint8Array[]): Promise<readonly string[]> {
  return (await membersOf(entries)).map(({ name, member }) =>
    member.linkName.length === 0 ? name : `${name} -> ${new TextDecoder().decode(member.linkName)}`,
  );
}

const LETTERS: Readonly<Record<TarMemberType, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  'hard-link': 'h',
  'character-device': 'c',
  'block-device': 'b',
  fifo: 'p',
  other: '?',
};

/** A member as `tar --list --verbose` shows it, in UTC. */
function listed(member: TarMember): string {
  const name = new TextDecoder().decode(member.rawName).replaceAll('\n', '\\n');
  const arrow = { symlink: ' -> ', 'hard-link': ' link to ' }[String(member.type)] ?? '';
  const time = new Date(member.mtime.seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const target = new TextDecoder().decode(member.linkName);
  return `${LETTERS[member.type]}${permissions(member.mode)} ${member.uid}/${member.gid} ${member.realSize} ${time} ${name}${arrow}${target}`;
}

function permissions(mode: number): string {
  const letters = [...'rwxrwxrwx'].map((letter, index) => ((mode >> (8 - index)) & 1 ? letter : '-'));
  if (mode & 0o4000) letters[2] = letters[2] === 'x' ? 's' : 'S';
  if (mode & 0o2000) letters[5] = letters[5] === 'x' ? 's' : 'S';
  if (mode & 0o1000) letters[8] = letters[8] === 'x' ? 't' : 'T';
  return letters.join('');
}

/** Without the spaces that only align columns. */
function evenlySpaced(line: string): string {
  return line.replace(/^(\S+ \S+) +/, '$1 ');
}
