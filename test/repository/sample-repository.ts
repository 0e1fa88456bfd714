import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { sealKey } from '../../src/repository/key-file.ts';
import type { BlobId } from '../../src/repository/object-id.ts';
import {
  initRepository,
  openRepository,
  type Repository,
  type RepositorySession,
} from '../../src/repository/repository.ts';
import type { Snapshot, SnapshotFacts } from '../../src/repository/snapshot-file.ts';
import type { TreeNode } from '../../src/repository/tree.ts';
import { saveTree } from '../../src/repository/tree-writer.ts';
import { snapshotFacts } from './snapshot-facts.ts';

export const PASSWORD = 'correct horse';
/** Weak and quick: tests open repositories all the time. */
export const QUICK_COST = { N: 1 << 10, r: 8, p: 1 };

export interface SampleRepository {
  readonly folder: string;
  readonly password: string;
  readonly repository: Repository;
}

/** A folder that is removed when the test has ended. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pvebak-repository-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A new repository of ours in a folder. */
export async function sampleRepository(): Promise<SampleRepository> {
  const folder = join(await temporaryFolder(), 'repository');
  await initRepository(folderBackend(folder), PASSWORD, { cost: QUICK_COST });
  return { folder, password: PASSWORD, repository: await openFolder(folder) };
}

export function openFolder(folder: string, password = PASSWORD): Promise<Repository> {
  return openRepository(folderBackend(folder), password);
}

/** Puts our quick key for the same password in the place of restic's own, which takes a second to open. */
export async function quickenKey(repository: Repository): Promise<void> {
  const { backend, key } = repository;
  const slow = await backend.list('keys');
  const about = { hostname: 'h', username: 'u', created: '2026-11-22T18:00:00Z', cost: QUICK_COST };
  const quick = await sealKey(key, PASSWORD, about);
  await backend.save({ type: 'keys', name: hash('sha256', quick, 'hex') }, quick);
  for (const { name } of slow) await backend.remove({ type: 'keys', name });
}

export interface SampleFile {
  readonly name: string;
  readonly blobs: readonly Uint8Array[];
}

/** Saves files in one folder as a snapshot. */
export async function saveFiles(
  session: RepositorySession,
  files: readonly SampleFile[],
  facts: Partial<SnapshotFacts> = {},
): Promise<Snapshot> {
  const nodes = await Promise.all(files.map((file) => saveFile(session, file)));
  const tree = await saveTree(session.writer, nodes);
  return session.saveSnapshot(snapshotFacts(tree.id, facts));
}

async function saveFile({ writer }: RepositorySession, { name, blobs }: SampleFile): Promise<TreeNode> {
  const content: BlobId[] = [];
  for (const blob of blobs) content.push((await writer.save('data', Uint8Array.from(blob))).id);
  const size = blobs.reduce((sum, { length }) => sum + length, 0);
  return {
    type: 'file',
    name: Buffer.from(name),
    mode: 0o600,
    mtime: '2026-11-22T18:00:00.120+01:00',
    size,
    content,
  };
}
