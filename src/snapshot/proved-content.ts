import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { UserError } from '../user-error.ts';
import { ListDigest } from './list-digest.ts';
import { type ContentPiece, type ContentReading, readContent } from './snapshot-files.ts';

/** What a file must be for its snapshot to be whole. */
export interface ExpectedFile {
  /** For messages: `drive-scsi0.raw` */
  readonly name: string;
  readonly size: number;
  /** From pvebak.json; undefined when it says nothing of the file. */
  readonly listDigest: string | undefined;
}

/**
 * A file's pieces; when the last one has been delivered, its size and its list of blobs were as expected.
 * @throws UserError `repository-damaged`
 */
export async function* readProved(
  reader: BlobSource,
  node: StoredNode,
  expected: ExpectedFile,
  reading: ContentReading = {},
): AsyncGenerator<ContentPiece> {
  const digest = new ListDigest();
  let position = 0;
  let size = 0;
  for await (const piece of readContent(reader, node, reading)) {
    const { bytes } = piece;
    const id = node.content.at(position);
    if (id !== undefined) digest.add({ id, length: bytes.length });
    position += 1;
    size += bytes.length;
    if (size > expected.size) break;
    yield piece;
  }
  if (size !== expected.size)
    throw damagedFile(expected, `it has ${size} bytes, and ${expected.size} were backed up`);
  if (expected.listDigest !== undefined && digest.hex() !== expected.listDigest)
    throw damagedFile(expected, 'its list of blobs is not the one that was backed up');
}

function damagedFile({ name }: ExpectedFile, what: string): UserError {
  return new UserError('repository-damaged', `${name} in the snapshot is damaged: ${what}`, {
    hint: 'restore another snapshot of this guest',
  });
}
