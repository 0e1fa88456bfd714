/** Guests' snapshots: what is compared as what, and that the long lists of disks are read only when they must be. */
import { describe, expect, it } from 'vitest';
import { type Difference, diffSnapshots } from '../../src/browse/diff-snapshots.ts';
import { locate } from '../../src/browse/locate.ts';
import { NameFinder } from '../../src/browse/name-finder.ts';
import { namePattern } from '../../src/browse/name-pattern.ts';
import { nameText } from '../../src/browse/name-text.ts';
import { type GuestType, parseVmid } from '../../src/pve/guest.ts';
import { BlobList } from '../../src/repository/blob-list.ts';
import { type BlobId, toHex } from '../../src/repository/object-id.ts';
import { type RepositorySession, withSession } from '../../src/repository/repository.ts';
import type { Snapshot } from '../../src/repository/snapshot-file.ts';
import { type GuestEntry, saveGuestTree } from '../../src/snapshot/guest-tree.ts';
import { sampleRepository } from '../repository/sample-repository.ts';
import { snapshotFacts } from '../repository/snapshot-facts.ts';

/** Names to texts; of a disk and an archive, each letter is a blob. */
type Contents = Readonly<Record<string, string>>;

async function saveGuest(
  session: RepositorySession,
  contents: Contents,
  type: GuestType = 'qemu',
): Promise<Snapshot> {
  const vmid = parseVmid(101);
  if (vmid === undefined) throw new Error('no vmid');
  const entries = await Promise.all(
    Object.entries(contents).map(([name, text]) => entryOf(session, name, text)),
  );
  const time = '2026-11-22T18:00:00Z';
  const tree = await saveGuestTree(session.writer, { type, vmid }, { entries, time });
  const snapshot = await session.saveSnapshot(snapshotFacts(tree, { paths: [`/${type}/101`] }));
  await session.writer.flush();
  return snapshot;
}

async function entryOf({ writer }: RepositorySession, name: string, text: string): Promise<GuestEntry> {
  const [folder = '', file] = name.split('/');
  if (file === undefined) return { kind: 'small-file', name, bytes: Buffer.from(text) };
  const content = new BlobList();
  for (const letter of text)
    content.push((await writer.save('data', new Uint8Array(1024).fill(letter.charCodeAt(0)))).id);
  return { kind: 'large-file', folder, name: file, size: text.length * 1024, content };
}

async function inSession<T>(work: (session: RepositorySession) => Promise<T>): Promise<T> {
  const { repository } = await sampleRepository();
  return withSession(repository, { lock: 'shared', threads: 1 }, work);
}

function counting(reader: RepositorySession['reader'], trees: string[]) {
  return {
    read: reader.read.bind(reader),
    lengthOf: reader.lengthOf.bind(reader),
    readTree: (id: BlobId) => {
      trees.push(toHex(id));
      return reader.readTree(id);
    },
  };
}

function told(difference: Difference): string {
  if (difference.kind === 'file') return `${difference.change.kind} ${nameText(difference.change.path)}`;
  return difference.kind === 'text'
    ? `text ${difference.name} ${difference.hunks.length}`
    : `volume ${difference.name} ${difference.before} ${difference.after} ${difference.mostChanged}`;
}

describe('a comparison of guests', () => {
  it.each<[string, GuestType, Contents, Contents, readonly string[]]>([
    [
      'shows configurations before disks, and neither records nor logs',
      'qemu',
      { 'pvebak.json': '1', 'vzdump.log': '1', 'qemu-server.conf': 'a\n', 'drive-a/drive-a.raw': 'abc' },
      { 'pvebak.json': '2', 'vzdump.log': '2', 'qemu-server.conf': 'b\n', 'drive-a/drive-a.raw': 'axc' },
      ['text qemu-server.conf 1', 'volume drive-a 3072 3072 1024'],
    ],
    [
      "does not show a VM's archive, which is made of its disks",
      'qemu',
      { 'archive/vzdump-qemu-101.vma': 'abc' },
      { 'archive/vzdump-qemu-101.vma': 'xyz' },
      [],
    ],
    [
      "shows a container's archive where there are no files beside it",
      'lxc',
      { 'archive/vzdump-lxc-101.tar': 'abc' },
      { 'archive/vzdump-lxc-101.tar': 'abcd' },
      ['volume archive 3072 4096 1024'],
    ],
    [
      'shows disks and firewalls that came and went',
      'qemu',
      { 'qemu-server.fw': '', 'drive-a/drive-a.raw': 'a' },
      { 'drive-b/drive-b.raw': 'b' },
      ['text qemu-server.fw 0', 'volume drive-a 1024 undefined 0', 'volume drive-b undefined 1024 1024'],
    ],
    ['shows any other file as a file', 'qemu', { other: '1' }, { other: '2' }, ['content other']],
  ])('%s', (_, type, before, after, expected) =>
    inSession(async (session) => {
      const { reader } = session;
      const [earlier, later] = [
        await saveGuest(session, before, type),
        await saveGuest(session, after, type),
      ];
      const found = await Array.fromAsync(
        diffSnapshots({ reader, snapshot: earlier }, { reader, snapshot: later }),
      );
      expect(found.map(told)).toEqual(expected);
    }),
  );

  it('does not read the list of a disk that is the same', () =>
    inSession(async (session) => {
      const disk = { 'drive-a/drive-a.raw': 'abc' };
      const earlier = await saveGuest(session, { ...disk, 'qemu-server.conf': '1' });
      const later = await saveGuest(session, { ...disk, 'qemu-server.conf': '2' });
      const { tree } = await locate(session.reader, later, 'drive-a');
      const read: string[] = [];
      const reader = counting(session.reader, read);
      await Array.fromAsync(diffSnapshots({ reader, snapshot: earlier }, { reader, snapshot: later }));
      expect(tree).toBeDefined();
      expect(read).not.toContain(tree === undefined ? '' : toHex(tree));
    }));
});

describe('a search in guests', () => {
  it.each([
    ['qemu-server.conf', 3],
    ['drive-a.ra?', 4],
    ['*.vma', 4],
    ['*', 5],
  ])('for %s reads %i trees: lists only of disks that can be meant', (pattern, trees) =>
    inSession(async (session) => {
      const snapshot = await saveGuest(session, {
        'qemu-server.conf': '',
        'drive-a/drive-a.raw': 'abc',
        'archive/vzdump-qemu-101.vma': 'abc',
      });
      const read: string[] = [];
      const matches = namePattern(pattern, { ignoreCase: false });
      const finder = new NameFinder(counting(session.reader, read), matches, session);
      expect(await Array.fromAsync(finder.find(snapshot))).not.toEqual([]);
      expect(read).toHaveLength(trees);
    }),
  );
});
