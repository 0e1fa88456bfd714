import type { BlobSet } from '../repository/blob-set.ts';
import type { BlobId } from '../repository/object-id.ts';
import type { BlobSource } from '../repository/store.ts';

const MOST_FOLDERS = 5;

/**
 * The folders of a tree that are not among the trees that they should be, the deepest ones: a folder differs also when one
 * below it does.
 * @returns their paths, at most five, `/etc/apt`; that of the root is empty
 * @throws NotedDamage when one cannot be read
 */
export async function differingFolders(
  source: BlobSource,
  root: BlobId,
  expected: BlobSet,
): Promise<readonly string[]> {
  if (expected.has(root)) return [];
  const found: string[] = [];
  for (const { name, subtree } of await source.readTree(root)) {
    if (subtree === undefined || found.length >= MOST_FOLDERS) continue;
    const below = await differingFolders(source, subtree, expected);
    found.push(...below.map((path) => `/${Buffer.from(name).toString('utf8')}${path}`));
  }
  return found.length === 0 ? [''] : found.slice(0, MOST_FOLDERS);
}
