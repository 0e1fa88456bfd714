import { expect } from 'vitest';
import { readSnapshots } from '../../src/repository/read-snapshots.ts';
import { type RepositorySession, withSession } from '../../src/repository/repository.ts';
import type { StoredNode } from '../../src/repository/tree-parser.ts';
import { openFolder, type SampleFile } from './sample-repository.ts';

/** Reads the newest snapshot with pvebak: exactly these files, byte for byte, in one folder. */
export async function expectContent(folder: string, files: readonly SampleFile[]): Promise<void> {
  const repository = await openFolder(folder);
  const snapshot = (await readSnapshots(repository)).at(-1);
  if (snapshot === undefined) throw new Error('there is no snapshot');
  await withSession(repository, { lock: 'shared', threads: 1 }, async (session) => {
    const nodes = await session.reader.readTree(snapshot.tree);
    expect(new Set(nodes.map(({ name }) => Buffer.from(name).toString()))).toEqual(
      new Set(files.map(({ name }) => name)),
    );
    for (const { name, blobs } of files) {
      const node = nodes.find((candidate) => Buffer.from(candidate.name).toString() === name);
      expect(node?.size).toBe(blobs.reduce((sum, { length }) => sum + length, 0));
      expect(
        node === undefined ? 1 : Buffer.compare(await readNode(session, node), Buffer.concat(blobs)),
      ).toBe(0);
    }
  });
}

/** A file's bytes. */
export async function readNode({ reader }: RepositorySession, { content }: StoredNode): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (const id of content) parts.push(await reader.read('data', id));
  return Buffer.concat(parts);
}
