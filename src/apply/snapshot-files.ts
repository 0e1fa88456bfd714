import type { BlobReader } from '../repository/blob-reader.ts';
import type { BlobId } from '../repository/object-id.ts';
import type { StoredNode } from '../repository/tree-parser.ts';

/**
 * Finds a file or folder of a snapshot by its path, `/qemu/101/pvebak.json`.
 * @returns undefined when there is none
 */
export async function findNode(
  reader: BlobReader,
  root: BlobId,
  path: string,
): Promise<StoredNode | undefined> {
  let folder: BlobId | undefined = root;
  let found: StoredNode | undefined;
  for (const part of path.split('/').filter((name) => name !== '')) {
    if (folder === undefined) return undefined;
    const name = Buffer.from(part, 'utf8');
    found = (await reader.readTree(folder)).find((node) => Buffer.compare(node.name, name) === 0);
    folder = found?.subtree;
  }
  return found;
}

/** The nodes of a folder; empty when there is none. */
export async function listFolder(
  reader: BlobReader,
  root: BlobId,
  path: string,
): Promise<readonly StoredNode[]> {
  const node = await findNode(reader, root, path);
  return node?.subtree === undefined ? [] : reader.readTree(node.subtree);
}

const READ_AHEAD = 8;

/** A file's bytes, blob by blob in order, some read ahead. Each blob was checked against its id. */
export async function* readContent(
  reader: BlobReader,
  node: StoredNode,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const ahead: Promise<Uint8Array<ArrayBuffer>>[] = [];
  const readNext = (position: number) => {
    const id = node.content.at(position);
    if (id === undefined) return;
    const read = reader.read('data', id);
    read.catch(() => undefined);
    ahead.push(read);
  };
  for (let position = 0; position < READ_AHEAD; position++) readNext(position);
  for (let position = 0; position < node.content.length; position++) {
    const bytes = await ahead.shift();
    readNext(position + READ_AHEAD);
    if (bytes !== undefined) yield bytes;
  }
}

/** A small file whole. @throws RangeError when it is longer than `mostBytes` */
export async function readSmallFile(
  reader: BlobReader,
  node: StoredNode,
  mostBytes = 16 << 20,
): Promise<Uint8Array> {
  if (node.size > mostBytes)
    throw new RangeError(`${Buffer.from(node.name).toString()} is larger than ${mostBytes} bytes`);
  const parts: Uint8Array[] = [];
  for await (const bytes of readContent(reader, node)) parts.push(bytes);
  return Buffer.concat(parts);
}
