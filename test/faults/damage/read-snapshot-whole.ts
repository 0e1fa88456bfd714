import { createHash, type Hash } from 'node:crypto';
import type { BlobReader } from '../../../src/repository/blob-reader.ts';
import { folderBackend } from '../../../src/repository/folder-backend.ts';
import type { BlobId } from '../../../src/repository/object-id.ts';
import { readSnapshot } from '../../../src/repository/read-snapshots.ts';
import { openRepository, withReader } from '../../../src/repository/repository.ts';
import { UserError } from '../../../src/user-error.ts';

/** Of each snapshot the digest of all that is in it, as whoever restores it reads it; undefined where that fails. */
export async function readWhole(
  folder: string,
  password: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string | undefined>> {
  const repository = await openRepository(folderBackend(folder), password);
  const digests = new Map<string, string | undefined>();
  await withReader(repository, async (reader) => {
    for (const id of ids) digests.set(id, await digestOfSnapshot(reader, () => readSnapshot(repository, id)));
  });
  return digests;
}

async function digestOfSnapshot(
  reader: BlobReader,
  read: () => Promise<{ readonly tree: BlobId }>,
): Promise<string | undefined> {
  const digest = createHash('sha256');
  try {
    await addTree(reader, (await read()).tree, digest);
    return digest.digest('hex');
  } catch (error) {
    if (isOfOurs(error)) return undefined;
    throw error;
  }
}

async function addTree(reader: BlobReader, id: BlobId, digest: Hash): Promise<void> {
  for (const node of await reader.readTree(id)) {
    digest.update(node.name).update(` ${node.type} ${node.size}\n`);
    for (const blob of node.content) digest.update(await reader.read('data', blob));
    if (node.subtree !== undefined) await addTree(reader, node.subtree, digest);
  }
}

function isOfOurs(error: unknown): boolean {
  return (
    error instanceof UserError &&
    ['repository-damaged', 'repository-read', 'snapshot-not-found'].includes(error.code)
  );
}
