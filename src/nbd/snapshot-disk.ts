import type { BlobReader } from '../repository/blob-reader.ts';
import type { BlobId } from '../repository/object-id.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { findNode, listFolder } from '../snapshot/snapshot-files.ts';
import { UserError } from '../user-error.ts';
import { buildBlobTable } from './blob-table.ts';
import { DiskReader } from './disk-reader.ts';

/** A disk of a snapshot, ready to be read. */
export interface SnapshotDisk {
  /** As in the archive: `drive-scsi0` */
  readonly name: string;
  readonly reader: DiskReader;
}

/** Where the disk is looked for. */
export interface DiskPlace {
  /** Root of the snapshot. */
  readonly tree: BlobId;
  /** `/qemu/101` */
  readonly folder: string;
  /** `scsi0` or `drive-scsi0` */
  readonly disk: string;
}

/** @throws UserError `usage` naming the disks that there are; `repository-damaged` */
export async function openSnapshotDisk(
  reader: Pick<BlobReader, 'read' | 'readTree' | 'lengthOf'>,
  { tree, folder, disk: wanted }: DiskPlace,
): Promise<SnapshotDisk> {
  const names = await diskNames(reader, tree, folder);
  const name = names.find((one) => one === wanted || keyOf(one) === wanted);
  const file = name === undefined ? undefined : await findNode(reader, tree, `${folder}/${name}/${name}.raw`);
  if (name === undefined || file === undefined) throw noSuchDisk(wanted, folder, names);
  return { name, reader: await openDisk(reader, name, file) };
}

/** The same for any file of any snapshot, however it was cut into blobs. @throws UserError `repository-damaged` */
export async function openDisk(
  reader: Pick<BlobReader, 'read' | 'lengthOf'>,
  name: string,
  { content, size }: StoredNode,
): Promise<DiskReader> {
  const table = await buildBlobTable(content, { name, size, lengthOf: (id) => reader.lengthOf('data', id) });
  return new DiskReader({ table, ids: content, read: (id) => reader.read('data', id) });
}

/** Each disk has a folder of its own, and the archive has one (FORMAT.md, "Files"). */
async function diskNames(
  reader: Pick<BlobReader, 'read' | 'readTree'>,
  tree: BlobId,
  folder: string,
): Promise<readonly string[]> {
  const nodes = await listFolder(reader, tree, folder);
  return nodes
    .filter(({ type }) => type === 'dir')
    .map(({ name }) => Buffer.from(name).toString('utf8'))
    .filter((name) => name !== 'archive');
}

/** The configuration's name of a device: vzdump puts `drive-` before it, and `-backup` behind that of a TPM's state. */
function keyOf(name: string): string | undefined {
  return /^drive-(.+?)(?:-backup)?$/.exec(name)?.[1];
}

function noSuchDisk(wanted: string, folder: string, names: readonly string[]): UserError {
  return new UserError('usage', `the snapshot has no disk ${wanted}`, {
    hint: names.length === 0 ? `there is none in ${folder}` : `it has: ${names.map(shortest).join(', ')}`,
  });
}

function shortest(name: string): string {
  return keyOf(name) ?? name;
}
