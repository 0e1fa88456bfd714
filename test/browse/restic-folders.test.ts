/** Folders that restic backed up: listed, unpacked from a tar, compared and searched as restic itself sees them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffSnapshots } from '../../src/browse/diff-snapshots.ts';
import { folderTar } from '../../src/browse/folder-tar.ts';
import { locate } from '../../src/browse/locate.ts';
import { NameFinder } from '../../src/browse/name-finder.ts';
import { namePattern } from '../../src/browse/name-pattern.ts';
import { nameText } from '../../src/browse/name-text.ts';
import { walkTree } from '../../src/browse/walk-tree.ts';
import { type BlobId, toHex } from '../../src/repository/object-id.ts';
import type { RepositorySession } from '../../src/repository/repository.ts';
import type { Snapshot } from '../../src/repository/snapshot-file.ts';
import { ResticBackups } from './restic-backup.ts';

const isRoot = process.getuid?.() === 0;

let backups: ResticBackups;
let first: Snapshot;
let second: Snapshot;

beforeAll(async () => {
  backups = new ResticBackups();
  await backups.quicken();
  backups.change(MAKE);
  if (isRoot)
    backups.change('mknod disk b 8 17; mknod tty c 4 1; chown 100000:4000000 many/7; chmod 4755 many/7');
  first = await backups.backUp();
  backups.change(CHANGE);
  second = await backups.backUp();
}, 120_000);
afterAll(() => backups[Symbol.dispose]());

const MAKE = String.raw`
mkdir -p deep/er/still many quiet/below
echo one > deep/er/still/one
for i in $(seq 40); do echo "$i" > many/$i; done
head -c 3000000 /dev/urandom > large
truncate -s 20000000 hole; echo end >> hole
ln deep/er/still/one hard
ln -s deep/er/still/one soft
ln -s "$(printf 'x%.0s' $(seq 200))" long-link
mkfifo pipe
: > empty
echo x > "$(printf 'caf\351')"; echo x > "$(printf 'line\nfeed')"; echo x > 'grün'
mkdir -p "$(printf 'd%.0s' $(seq 120))/$(printf 'e%.0s' $(seq 120))"; (cd ddd*/eee*; echo x > file)
echo x > quiet/below/file; touch -d 1965-03-04T05:06:07.25Z quiet/below/file
chmod 1777 quiet; touch -d 2001-02-03T04:05:06.789Z quiet
`;

const CHANGE = `
echo two > deep/er/still/one
echo more > added; mkdir new; echo x > new/file
rm many/5; rm pipe; mkdir pipe; echo x > pipe/file
chmod 600 many/6
ln -sfn elsewhere soft
`;

/** Everything that can be seen of files, one a line; times of folders and links, contents by their sums. */
function seen(folder: string): readonly string[] {
  const line =
    'find . -mindepth 1 ! -type s -printf "%P|%y|%m|%U:%G|%T@|%l|%n|%s|\\n" | sort; find . -type f -exec sha256sum {} + | sort';
  const sizeless = (text: string) => text.replace(/^(.*\|d\|.*\|)\d+\|$/, '$1');
  return execFileSync('bash', ['-c', line], {
    cwd: folder,
    encoding: 'latin1',
    env: { ...process.env, LC_ALL: 'C' },
  })
    .split('\n')
    .map(sizeless);
}

async function unpack(session: RepositorySession, path: string, name: string): Promise<string> {
  const folder = join(backups.folder, name);
  mkdirSync(folder);
  const tar = folderTar(session.reader, await locate(session.reader, second, path), () => undefined);
  const pieces = await Array.fromAsync(tar);
  execFileSync('tar', ['-x', '--xattrs', '--xattrs-include=*', '--acls'], {
    cwd: folder,
    input: Buffer.concat(pieces),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return folder;
}

describe('a folder as a tar', () => {
  it('is unpacked to what restic restores: contents, modes, owners, times, links, devices, names of any bytes', async () => {
    backups.restic('restore', '--quiet', second.id, '--target', join(backups.folder, 'by-restic'));
    const ours = await backups.read((session) => unpack(session, '/files', 'by-tar'));
    expect(seen(ours)).toEqual(seen(join(backups.folder, 'by-restic/files')));
  });

  it.runIf(isRoot)('gives attributes and access control lists back', async () => {
    backups.change(
      'setfattr -n user.comment -v "a=b" many/8; setfacl -m u:1000:r,d:g:7:rx quiet; setfacl -m u:1000:rw many/9',
    );
    second = await backups.backUp();
    const folder = await backups.read((session) => unpack(session, '/files', 'with-attributes'));
    const attributes = (where: string) =>
      execFileSync('bash', ['-c', 'getfacl -nR . ; getfattr -h -R -d -m - .'], {
        cwd: where,
        encoding: 'utf8',
      });
    const own = (text: string) => text.replaceAll(/^# (?:owner|group|flags).*\n/gm, '');
    expect(own(attributes(folder))).toEqual(own(attributes(backups.files)));
    expect(attributes(folder)).toContain('user.comment="a=b"');
  });
});

describe('a listing', () => {
  it('has every name in the order in which restic has it', async () => {
    const ours = await backups.read(async ({ reader }) =>
      Array.fromAsync(walkTree(reader, second.tree, new Uint8Array())),
    );
    const theirs = backups.restic('ls', '--json', second.id).trim().split('\n').slice(1);
    const paths = theirs.map((line): unknown => JSON.parse(line).path);
    expect(ours.map(({ path }) => Buffer.from(path).toString('utf8'))).toEqual(paths);
  });

  it.each([
    ['/files/deep/er/still/one', '/files/deep/er/still/one'],
    ['files//deep/./er', '/files/deep/er'],
    ['files/caf\\xe9', '/files/caf\\xe9'],
    ['files/line\\nfeed', '/files/line\\nfeed'],
    ['files/line\nfeed', '/files/line\\nfeed'],
    ['/', ''],
  ])('finds %j', async (path, expected) => {
    const { path: found } = await backups.read(({ reader }) => locate(reader, second, path));
    expect(nameText(found)).toBe(expected);
  });

  it.each([
    ['/files/nothing', /holds no nothing in \/files/],
    ['/files/large/x', /\/files\/large in the snapshot .* is no folder/],
    ['/files/soft/x', /is no folder/],
    ['/files/../etc', /holds no \.\./],
  ])('does not find %s', async (path, message) => {
    const found = backups.read(({ reader }) => locate(reader, second, path));
    await expect(found).rejects.toMatchObject({
      code: 'snapshot-not-found',
      message: expect.stringMatching(message),
    });
  });
});

describe('a comparison', () => {
  it('tells added, removed, other types, other contents and other metadata apart, and folders with all below', async () => {
    const changes = await backups.read(async ({ reader }) => {
      const sides = [first, second].map((snapshot) => ({ reader, snapshot }));
      const [before, after] = sides;
      if (before === undefined || after === undefined) throw new Error('two snapshots');
      return Array.fromAsync(diffSnapshots(before, after));
    });
    const told = changes.map((one) =>
      one.kind === 'file' ? `${one.change.kind} ${nameText(one.change.path)}` : one.kind,
    );
    const attributes = isRoot ? ['metadata /files/many/8', 'metadata /files/many/9'] : [];
    const quiet = isRoot ? ['metadata /files/quiet'] : [];
    expect(told).toEqual([
      'added /files/added',
      'content /files/deep/er/still/one',
      'content /files/hard',
      'removed /files/many/5',
      'metadata /files/many/6',
      ...attributes,
      'added /files/new',
      'added /files/new/file',
      'type /files/pipe',
      'added /files/pipe/file',
      ...quiet,
      'content /files/soft',
    ]);
  });

  it('of a snapshot with itself reads nothing below the root', async () => {
    const reads: string[] = [];
    const found = await backups.read(async ({ reader }) => {
      const side = { reader: counting(reader, reads), snapshot: second };
      return Array.fromAsync(diffSnapshots(side, side));
    });
    expect(found).toEqual([]);
    expect(reads).toEqual([]);
  });
});

describe('a search', () => {
  it('finds a name in each snapshot, and reads each tree once', async () => {
    const reads: string[] = [];
    const found = await backups.read(async ({ reader, signal }) => {
      const matches = namePattern('file', { ignoreCase: false });
      const finder = new NameFinder(counting(reader, reads), matches, { signal });
      const ofFirst = await Array.fromAsync(finder.find(first));
      return [ofFirst, await Array.fromAsync(finder.find(second))].map((hits) =>
        hits.map(({ path }) => nameText(path).replace(/d{120}\/e{120}/, 'd/e')),
      );
    });
    expect(found).toEqual([
      ['/files/d/e/file', '/files/quiet/below/file'],
      ['/files/d/e/file', '/files/new/file', '/files/pipe/file', '/files/quiet/below/file'],
    ]);
    expect(new Set(reads).size).toBe(reads.length);
  });

  it('finds folders, links and names that are no UTF-8', async () => {
    const found = await backups.read(async ({ reader, signal }) => {
      const finder = new NameFinder(reader, namePattern('caf?', { ignoreCase: false }), { signal });
      return Array.fromAsync(finder.find(second));
    });
    expect(found.map(({ path }) => nameText(path))).toEqual(['/files/caf\\xe9']);
  });
});

/** A reader that notes the trees that are read. */
function counting(reader: RepositorySession['reader'], reads: string[]) {
  return {
    read: reader.read.bind(reader),
    lengthOf: reader.lengthOf.bind(reader),
    readTree: (id: BlobId) => {
      reads.push(toHex(id));
      return reader.readTree(id);
    },
  };
}
