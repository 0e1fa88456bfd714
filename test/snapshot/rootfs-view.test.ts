import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeInContainer } from '../../src/apply/take-in-container.ts';
import { readTar } from '../../src/formats/tar/read-tar.ts';
import { withSession } from '../../src/repository/repository.ts';
import type { BlobSaver } from '../../src/repository/store.ts';
import { RootfsView } from '../../src/snapshot/rootfs/rootfs-view.ts';
import { DumpedFiles } from '../apply/dumped-file.ts';
import { inPieces } from '../formats/in-pieces.ts';
import { gnuTar, inFolder } from '../formats/tar/gnu-tar.ts';
import { END_BLOCKS, joinBytes, paxEntry, tarEntry } from '../formats/tar/tar-builder.ts';
import { containerTar } from '../formats/tar/tar-fixture.ts';
import { noise } from '../repository/noise.ts';
import { makeEveryKind, PROXMOX_TAR_FLAGS } from './every-kind.ts';
import { memoryRepository, withRootfs } from './taken-rootfs.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const folder = (name: string) => tarEntry({ name, type: '5' });
const file = (name: string, content = '') => tarEntry({ name }, content);
const symlink = (name: string, linkName: string) => tarEntry({ name, type: '2', linkName });
const link = (name: string, linkName: string) => tarEntry({ name, type: '1', linkName });
const archiveOf = (...members: readonly Uint8Array[]) => joinBytes([...members, END_BLOCKS]);

/** Each file with its content or target, and which have the same inode. */
function shownTree(archive: Uint8Array): Promise<readonly string[]> {
  return withRootfs(archive, async ({ nodes, contentOf }) => {
    const lines = [...nodes].map(async ([path, { type, fields }]) => {
      const what = type === 'file' ? (await contentOf(path)).toString() : (fields['linktarget'] ?? '');
      return `${path} ${type} ${what}${fields['links'] === undefined ? '' : ` x${fields['links']}`}`;
    });
    return (await Promise.all(lines)).sort();
  });
}

async function extracted(archive: Uint8Array): Promise<readonly string[]> {
  return inFolder(async (target) => {
    await writeFile(`${target}.tar`, archive);
    await promisify(execFile)('tar', ['-xf', `${target}.tar`, '-C', target, '--warning=none']);
    const { stdout } = await promisify(execFile)('find', ['.', '-mindepth', '1', '-printf', '%y %n %P\n'], {
      cwd: target,
    });
    const lines = stdout.trimEnd().split('\n');
    return (await Promise.all(lines.map((line) => shownFile(target, line)))).sort();
  });
}

async function shownFile(target: string, line: string): Promise<string> {
  const [type, links, path = ''] = line.split(' ');
  if (type === 'd') return `${path} dir `;
  if (type === 'l') return `${path} symlink ${await readlink(join(target, path))} x${links}`;
  return `${path} file ${await readFile(join(target, path), 'utf8')} x${links}`;
}

describe('the files of a container are what tar makes of', () => {
  it.each<[string, readonly Uint8Array[]]>([
    ['a file that comes again', [file('./a', 'old'), file('./a', 'new')]],
    ['a folder that comes again', [folder('./a/'), file('./a/x'), folder('./a/'), file('./a/y')]],
    ['a folder that comes after what is in it', [file('./a/b/x', '1'), folder('./a/b/'), folder('./a/')]],
    ['a folder in the place of a file', [file('./a', 'old'), folder('./a/'), file('./a/x')]],
    [
      'a folder in the place of a symlink',
      [folder('./b/'), symlink('./a', 'b'), folder('./a/'), file('./a/x')],
    ],
    ['a file in the place of an empty folder', [folder('./a/'), file('./a', 'new')]],
    ['a file in the place of a symlink', [file('./b', '1'), symlink('./a', 'b'), file('./a', '22')]],
    ['a file that comes again after it was linked', [file('./a', '1'), link('./b', './a'), file('./a', '2')]],
    ['a link that comes in the place of a file', [file('./a', '1'), file('./b', '2'), link('./b', 'a')]],
    ['a file that links to itself', [file('./a', '1'), link('./a', './a')]],
    ['a link to a symlink', [symlink('./a', 'x'), link('./b', './a')]],
    ['three names', [file('./a', '1'), link('./b', './a'), link('./c/d', './b')]],
    ['a name with a slash at its end', [file('./a/', '')]],
  ])('%s', async (_, members) => {
    const archive = archiveOf(...members);
    expect(await shownTree(archive)).toEqual(await extracted(archive));
  });
});

describe('a container’s archive is refused', () => {
  let dumped: DumpedFiles;
  beforeAll(async () => {
    dumped = await DumpedFiles.start();
  });
  afterAll(() => dumped[Symbol.asyncDispose]());

  it.each<[string, readonly Uint8Array[], string]>([
    ['with an absolute name', [file('/etc/passwd')], 'the name "/etc/passwd" is absolute'],
    ['with a name that leads out', [file('./a/../../b')], 'leads out of its folder'],
    [
      'with a link that leads out',
      [file('./a'), link('./b', '../a')],
      'the name "../a" leads out of its folder',
    ],
    ['with a file below a file', [file('./a'), file('./a/b')], 'a/b is below something that is no folder'],
    [
      'with a file that would be written through a symlink',
      [folder('./b/'), symlink('./a', 'b'), file('./a/x')],
      'a/x is below something that is no folder',
    ],
    [
      'with a link that would be made through a symlink',
      [file('./x'), symlink('./a', '.'), link('./a/y', './x')],
      'a/y is below something that is no folder',
    ],
  ])('%s, and leaves no snapshot', async (_, members, message) => {
    const tar = join(dumped.folder, 'refused.tar');
    await writeFile(tar, archiveOf(file('./large', 'x'.repeat(200_000)), ...members));
    await expect(dumped.backUp({ type: 'lxc', vmid: 105 }, `cat '${tar}'`)).rejects.toThrow(message);
    expect(await dumped.snapshotCount()).toBe(0);
  });

  it('when it ends in the middle of a small file, and leaves no snapshot', async () => {
    const tar = join(dumped.folder, 'short.tar');
    await writeFile(
      tar,
      archiveOf(file('./a', 'x'.repeat(5000)), file('./b', 'y'.repeat(5000))).subarray(0, 7000),
    );
    await expect(dumped.backUp({ type: 'lxc', vmid: 105 }, `cat '${tar}'`)).rejects.toThrow(
      /inside the data of/,
    );
    expect(await dumped.snapshotCount()).toBe(0);
  });

  it('never for what is in the archive only: that is told', async () => {
    const tar = join(dumped.folder, 'lacking.tar');
    await mkdir(join(dumped.folder, 'lacking'));
    await writeFile(tar, archiveOf(file('./a', '1'), link('./b', './gone\n')));
    const report = await dumped.backUp({ type: 'lxc', vmid: 105 }, `cat '${tar}'`);
    expect(report.warnings).toEqual([
      '/b is in the archive only: it is a link to ./gone\\n, which is not there',
    ]);
    const restored = await dumped.resticRestore(report.snapshot);
    expect(await readdir(join(restored, 'lxc/105/rootfs'))).toEqual(['a']);
    const record = JSON.parse(await readFile(join(restored, 'lxc/105/pvebak.json'), 'utf8'));
    expect(record.rootfs).toMatchObject({ files: 1, folders: 1, leftOutCount: 1, leftOut: [{ path: 'b' }] });
  });
});

describe('in the archive only, with the reason,', () => {
  const sparse = (realSize: number, records: Readonly<Record<string, string>> = {}) =>
    joinBytes([
      paxEntry({
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': './a',
        'GNU.sparse.realsize': `${realSize}`,
        ...records,
      }),
      tarEntry({ name: './a' }, joinBytes([Buffer.from('1\n0\n1\n'.padEnd(512, '\0')), Buffer.from('x')])),
    ]);
  it.each<[string, readonly Uint8Array[], string, readonly string[]]>([
    [
      'is a sparse file beyond 64 GiB',
      [sparse(64 * 2 ** 30 + 1)],
      'it is sparse and 68719476737 bytes long, which is more than 64 GiB',
      [],
    ],
    [
      'is a sparse file that is not what its map says',
      [
        joinBytes([
          paxEntry({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' }),
          tarEntry(
            { name: './a' },
            joinBytes([Buffer.from('1\n0\n5\n'.padEnd(512, '\0')), Buffer.from('x')]),
          ),
        ]),
      ],
      'its regions have 5 bytes, but 1 are stored',
      [],
    ],
    [
      'is a sparse file of an older format',
      [joinBytes([paxEntry({ 'GNU.sparse.map': '0,1' }), file('./a', 'x')])],
      'it is stored in a sparse format other than 1.0',
      [],
    ],
    [
      'is a file with an owner that cannot be',
      [joinBytes([paxEntry({ uid: '4294967296' }), file('./a', 'x')])],
      'its owner or group is no number of 32 bits',
      [],
    ],
    ['is what is no file', [tarEntry({ name: './a', type: 'V' })], 'members of type "V" are no files', []],
    [
      'is what would take the place of a folder with something in it',
      [file('./a/x'), file('./a')],
      'a folder that is not empty has the same name',
      ['a', 'a/x'],
    ],
    ['is a link to nothing', [link('./a', 'gone')], 'it is a link to gone, which is not there', []],
    [
      'is a link to a folder',
      [folder('./b'), link('./a', 'b')],
      'it is a link to b, which is not there',
      ['b'],
    ],
    [
      'is a list of rights for somebody whom only the node knows',
      [joinBytes([paxEntry({ 'SCHILY.acl.access': 'user:alice:rwx' }), file('./a', 'x')])],
      'system.posix_acl_access names somebody whom only the node knows',
      ['a'],
    ],
  ])('%s', async (_, members, reason, paths) => {
    await withRootfs(archiveOf(...members), async ({ taken, nodes }) => {
      expect(taken.leftOut).toEqual([{ path: 'a', reason }]);
      expect([...nodes.keys()]).toEqual(paths);
    });
  });

  it('is what an earlier member had the name of', async () => {
    await withRootfs(archiveOf(file('./a', 'old'), sparse(2 ** 40)), async ({ nodes, taken }) => {
      expect([...nodes.keys()]).toEqual([]);
      expect(taken).toMatchObject({ files: 0, folders: 1, leftOutCount: 1 });
    });
  });

  it('is all, when there are more files than can be listed', async () => {
    await withSession(await memoryRepository(), { lock: 'shared', threads: 2 }, async ({ writer }) => {
      const view = new RootfsView(writer, { mostStateBytes: 1 });
      for await (const event of readTar(inPieces(archiveOf(file('./a', 'x'), file('./b'))))) {
        if (event.kind === 'member') await view.takeMember(event.member, 0);
        else if (event.kind === 'content') await view.takeSmallContent(event.bytes, event.offset);
      }
      expect(await view.end()).toMatchObject({
        root: undefined,
        leftOut: [{ path: '', reason: 'there are more files than can be listed' }],
      });
    });
  });

  it('are the first hundred told, and all counted', async () => {
    const links = Array.from({ length: 150 }, (_, index) => link(`./${index}`, 'gone'));
    await withRootfs(archiveOf(...links), async ({ taken }) => {
      expect(taken.leftOut).toHaveLength(100);
      expect(taken.leftOutCount).toBe(150);
    });
  });
});

describe('the content of a container’s files', () => {
  it('is that of the archive: large ones have its blobs, small ones a blob of their own', async () => {
    const large = noise(2 * MIB + 5, 1);
    const archive = archiveOf(
      tarEntry({ name: './large' }, large),
      tarEntry({ name: './small' }, noise(64 * KIB - 1, 2)),
      file('./empty'),
      file('./same', 'text'),
      file('./same-too', 'text'),
    );
    for (const pieceBytes of [997, 65536, 1 << 23])
      await withRootfs(
        archive,
        async ({ nodes, archiveBlobs, contentOf, taken }) => {
          const ids = (path: string) =>
            [...(nodes.get(path)?.content ?? [])].map((id) => Buffer.from(id).toString('hex'));
          expect(ids('large')).toHaveLength(3);
          expect(ids('large')).toEqual(archiveBlobs.slice(1, 4));
          expect(ids('small')).toHaveLength(1);
          expect(ids('empty')).toEqual([]);
          expect(ids('same')).toEqual(ids('same-too'));
          expect((await contentOf('large')).equals(large)).toBe(true);
          expect((await contentOf('small')).equals(noise(64 * KIB - 1, 2))).toBe(true);
          expect(taken.amount.reusedBytes).toBe(4);
        },
        pieceBytes,
      );
  });

  it('has zeros where a sparse file has holes, in blobs of up to 8 MiB', async () => {
    const regions = [
      [5 * MIB, 200_000],
      [30 * MIB, 4096],
      [30 * MIB + 8192, 4096],
      [30 * MIB + 300_000, 100],
    ] as const;
    const realSize = 40 * MIB + 77;
    const map = `${regions.length}\n${regions.map(([at, length]) => `${at}\n${length}\n`).join('')}`;
    const stored = regions.map(([, length], index) => noise(length, index + 1));
    const expected = Buffer.alloc(realSize);
    for (const [index, [at]] of regions.entries()) expected.set(stored[index] ?? [], at);
    const archive = archiveOf(
      paxEntry({
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': './sparse',
        'GNU.sparse.realsize': `${realSize}`,
      }),
      tarEntry({ name: './x' }, joinBytes([Buffer.from(map.padEnd(512, '\0')), ...stored])),
      file('./after', 'after'),
    );
    for (const pieceBytes of [511, 65536])
      await withRootfs(
        archive,
        async ({ nodes, contentOf }) => {
          const node = nodes.get('sparse');
          expect(node?.size).toBe(realSize);
          expect(node?.content.length).toBeLessThan(16);
          expect((await contentOf('sparse')).equals(expected)).toBe(true);
          expect((await contentOf('after')).toString()).toBe('after');
        },
        pieceBytes,
      );
  });

  it('is whole with many files of every size up to a megabyte and a half', async () => {
    const sizes = Array.from(
      { length: 400 },
      (_, index) => (index * 7919) % (index % 20 === 0 ? 1_500_000 : 90_000),
    );
    const archive = archiveOf(
      ...sizes.map((size, index) => tarEntry({ name: `./${index}` }, noise(size, index + 1))),
    );
    await withRootfs(archive, async ({ contentOf, taken }) => {
      expect(taken.files).toBe(400);
      for (const [index, size] of sizes.entries())
        expect((await contentOf(`${index}`)).equals(noise(size, index + 1)), `${index}`).toBe(true);
    });
  });
});

describe('when something cannot be saved', () => {
  const archive = archiveOf(
    ...Array.from({ length: 300 }, (_, index) =>
      tarEntry({ name: `./${index % 3}/${index}` }, noise(9000, index + 1)),
    ),
    tarEntry({ name: './large' }, noise(300_000, 999)),
  );
  const no = new Error('the disk is full');
  it.each<[string, Partial<BlobSaver>]>([
    ['a small file, when it is handed over', { startMany: () => Promise.reject(no) }],
    ['a small file, later', { startMany: async () => ({ done: Promise.reject(no) }) }],
    ['a blob of the archive', { start: async () => ({ done: Promise.reject(no) }) }],
  ])('%s, the intake fails with that', async (_, failing) => {
    await withSession(await memoryRepository(), { lock: 'shared', threads: 2 }, async ({ writer }) => {
      const saver: BlobSaver = {
        start: (type, bytes) => writer.start(type, bytes),
        startMany: (type, blobs) => writer.startMany(type, blobs),
        save: (type, bytes) => writer.save(type, bytes),
        saveZeros: (length) => writer.saveZeros(length),
        saveLarge: (type, blob, make) => writer.saveLarge(type, blob, make),
        ...failing,
      };
      await expect(takeInContainer(inPieces(archive), saver)).rejects.toBe(no);
    });
  });
});

describe('the tree of a container’s files', () => {
  const treeOf = (archive: Uint8Array, pieceBytes?: number) =>
    withRootfs(
      archive,
      async ({ taken }) => Buffer.from(taken.root?.subtree ?? []).toString('hex'),
      pieceBytes,
    );

  it('is the same however the pieces fall', async () => {
    const small = archiveOf(
      folder('./a/'),
      paxEntry({ path: `./a/${'long'.repeat(40)}`, 'SCHILY.xattr.user.a': 'b' }),
      file('x', 'small'),
      tarEntry({ name: './large' }, noise(70_000, 1)),
      link('./b', './large'),
      symlink('./c', 'b'),
    );
    const whole = await containerTar();
    for (const [archive, sizes] of [
      [small, [1, 7]],
      [whole, [513, 1 << 24]],
    ] as const) {
      const expected = await treeOf(archive);
      for (const pieceBytes of sizes) expect(await treeOf(archive, pieceBytes)).toBe(expected);
    }
  });

  it('is the same when files were only read, or copied for the dump', async () => {
    const times = (atime: string, ctime: string) =>
      archiveOf(paxEntry({ mtime: '1.5', atime, ctime }), file('./a', 'x'), file('./b'));
    expect(await treeOf(times('2', '3'))).toBe(await treeOf(times('200', '300')));
  });

  it('numbers files with several names by their paths, so that others do not matter', async () => {
    const linked = [file('./m/a', '1'), link('./m/b', './m/a')];
    const folderOf = (archive: Uint8Array) =>
      withRootfs(archive, async ({ nodes }) => nodes.get('m')?.fields['subtree']);
    const alone = await folderOf(archiveOf(...linked));
    expect(await folderOf(archiveOf(file('./c', '2'), link('./d', './c'), ...linked))).toBe(alone);
  });

  it('may be of one folder with more than fits into one piece', async () => {
    const names = Array.from(
      { length: 12_000 },
      (_, index) => `./many/${(index * 7919) % 12_000}-${'n'.repeat(60)}`,
    );
    await withRootfs(archiveOf(...names.map((name) => file(name))), async ({ nodes }) => {
      const found = [...nodes.keys()].filter((path) => path !== 'many');
      expect(found).toHaveLength(12_000);
      expect(found).toEqual(found.toSorted());
    });
  });

  it('may be four thousand folders deep', async () => {
    const path = `./${'d/'.repeat(4000)}x`;
    await withRootfs(archiveOf(paxEntry({ path }), file('x', 'deep')), async ({ taken, contentOf }) => {
      expect(taken).toMatchObject({ files: 1, folders: 4001 });
      expect((await contentOf(path.slice(2))).toString()).toBe('deep');
    });
  });

  it('counts its names', async () => {
    await inFolder(async (place) => {
      await makeEveryKind(place);
      const { stdout } = await promisify(execFile)('find', ['.', '-printf', '%y\n'], { cwd: place });
      const folders = stdout.split('\n').filter((type) => type === 'd').length;
      const all = stdout.trimEnd().split('\n').length;
      await withRootfs(await gnuTar(place, PROXMOX_TAR_FLAGS), async ({ taken }) => {
        expect(taken).toMatchObject({ files: all - folders, folders, leftOutCount: 0 });
      });
    });
  });
});
