/** Folders as no restic would write them: what hostile or damaged trees make of a tar. */
import { describe, expect, it } from 'vitest';
import { folderTar, type LeftOut } from '../../src/browse/folder-tar.ts';
import { readTar } from '../../src/formats/tar/read-tar.ts';
import { type BlobId, toHex } from '../../src/repository/object-id.ts';
import { type RepositorySession, withSession } from '../../src/repository/repository.ts';
import { sampleRepository } from '../repository/sample-repository.ts';

async function saveTree({ writer }: RepositorySession, ...nodes: readonly object[]): Promise<BlobId> {
  const text = JSON.stringify({ nodes: nodes.map((node) => ({ type: 'file', mode: 0o644, ...node })) });
  return (await writer.save('tree', new Uint8Array(Buffer.from(text)))).id;
}

async function saveContent({ writer }: RepositorySession, text: string): Promise<readonly string[]> {
  return [toHex((await writer.save('data', new Uint8Array(Buffer.from(text)))).id)];
}

interface Member {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly link: string;
}

async function members(session: RepositorySession, tree: BlobId, leftOut: LeftOut[] = []) {
  await session.writer.flush();
  const folder = { path: new Uint8Array(), node: undefined, tree };
  const found: Member[] = [];
  for await (const event of readTar(folderTar(session.reader, folder, (one) => leftOut.push(one)))) {
    if (event.kind === 'member') {
      const { rawName, linkName, type } = event.member;
      found.push({ name: text(rawName), type, text: '', link: text(linkName) });
    } else if (event.kind === 'content') {
      const last = found.pop();
      if (last !== undefined) found.push({ ...last, text: last.text + text(event.bytes) });
    }
  }
  return found;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

async function inSession(work: (session: RepositorySession) => Promise<void>): Promise<void> {
  const { repository } = await sampleRepository();
  await withSession(repository, { lock: 'shared', threads: 1 }, work);
}

describe('a folder as a tar', () => {
  it('leaves out what a tar cannot hold, and says so', () =>
    inSession(async (session) => {
      const leftOut: LeftOut[] = [];
      const tree = await saveTree(
        session,
        { name: 'plug', type: 'socket' },
        { name: 'what', type: 'irregular' },
      );
      expect(await members(session, tree, leftOut)).toEqual([]);
      expect(leftOut.map(({ path, type }) => `${text(path)} ${type}`)).toEqual([
        './plug socket',
        './what other',
      ]);
    }));

  it('never writes a file of another length than its header says', () =>
    inSession(async (session) => {
      const content = await saveContent(session, 'four');
      const tree = await saveTree(session, { name: 'file', size: 5, content });
      await expect(members(session, tree)).rejects.toMatchObject({
        code: 'repository-damaged',
        message: expect.stringContaining('./file: it has 4 bytes, and its folder says 5'),
      });
    }));

  it('names a blob that is not there', () =>
    inSession(async (session) => {
      const tree = await saveTree(session, { name: 'file', size: 5, content: ['ab'.repeat(32)] });
      await expect(members(session, tree)).rejects.toMatchObject({ code: 'repository-damaged' });
    }));

  it('links the names of one file to the first of them', () =>
    inSession(async (session) => {
      const content = await saveContent(session, 'four');
      const file = { size: 4, content, links: 3, inode: 7, device_id: 1 };
      const tree = await saveTree(
        session,
        { name: 'a', ...file },
        { name: 'b', ...file },
        { name: 'c', ...file },
      );
      expect(await members(session, tree)).toEqual([
        { name: './a', type: 'file', text: 'four', link: '' },
        { name: './b', type: 'hard-link', text: '', link: './a' },
        { name: './c', type: 'hard-link', text: '', link: './a' },
      ]);
    }));

  it('does not link files whose inode is the same by rounding only', () =>
    inSession(async (session) => {
      const inode = 2 ** 60;
      const one = { size: 4, content: await saveContent(session, 'four'), links: 2, inode, device_id: 1 };
      const other = { ...one, content: await saveContent(session, 'five') };
      const tree = await saveTree(session, { name: 'a', ...one }, { name: 'b', ...other });
      const found = await members(session, tree);
      expect(found.map(({ type }) => type)).toEqual(['file', 'file']);
      expect(found.map((member) => member.text)).toEqual(['four', 'five']);
    }));

  it('holds thousands of folders in each other', () =>
    inSession(async (session) => {
      let tree = await saveTree(session, { name: 'bottom' });
      for (let depth = 0; depth < 3000; depth++)
        tree = await saveTree(session, { name: 'd', type: 'dir', subtree: toHex(tree) });
      const found = await members(session, tree);
      expect(found).toHaveLength(3001);
      expect(found.at(-1)?.name).toHaveLength('./'.length + 3000 * 'd/'.length + 'bottom'.length);
    }));
});
