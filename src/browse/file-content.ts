import type { Snapshot } from '../repository/snapshot-file.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { parseRecordedContents, type RecordedContents } from '../snapshot/guest-record.ts';
import { readProved } from '../snapshot/proved-content.ts';
import { type ContentPiece, findNode, readSmallFile } from '../snapshot/snapshot-files.ts';
import { homeOf, type Located } from './locate.ts';
import { nameText } from './name-text.ts';

/**
 * A file's bytes. Each blob is checked against its id; of a disk and an archive also the list of blobs against the digest in
 * the snapshot's own record. The last piece is delivered before the list was found wrong: what was written is to be discarded
 * when this throws.
 * @throws UserError `repository-damaged`
 */
export async function* readFileContent(
  reader: BlobSource,
  snapshot: Snapshot,
  { path, node }: { readonly path: Uint8Array; readonly node: StoredNode },
): AsyncGenerator<ContentPiece> {
  const listDigest = await recordedDigest(reader, snapshot, path);
  yield* readProved(reader, node, { name: nameText(node.name), size: node.size, listDigest });
}

/** Whether the record knows a digest of a file with this path. */
async function recordedDigest(
  reader: BlobSource,
  snapshot: Snapshot,
  path: Located['path'],
): Promise<string | undefined> {
  const home = homeOf(snapshot);
  const [folder, name, ...deeper] = nameText(path)
    .slice(home.length + 1)
    .split('/');
  if (home === '' || folder === undefined || name === undefined || deeper.length > 0) return undefined;
  const recorded = await readRecord(reader, snapshot);
  if (folder === 'archive') return recorded.archiveDigest;
  return name === `${folder}.raw` ? recorded.diskDigests.get(folder) : undefined;
}

async function readRecord(reader: BlobSource, snapshot: Snapshot): Promise<RecordedContents> {
  const home = homeOf(snapshot);
  const name = home.startsWith('/node/') ? 'pvebak-node.json' : 'pvebak.json';
  const node = await findNode(reader, snapshot.tree, `${home}/${name}`);
  return parseRecordedContents(node === undefined ? new Uint8Array() : await readSmallFile(reader, node));
}
