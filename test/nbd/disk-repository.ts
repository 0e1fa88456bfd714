/** A repository with the snapshot of one VM, whose disks are cut into blobs as a test wants it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseVmid } from '../../src/pve/guest.ts';
import { BlobList } from '../../src/repository/blob-list.ts';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { blobId } from '../../src/repository/object-id.ts';
import {
  initRepository,
  openRepository,
  type Repository,
  type RepositorySession,
  withSession,
} from '../../src/repository/repository.ts';
import type { Snapshot } from '../../src/repository/snapshot-file.ts';
import { type GuestEntry, saveGuestTree } from '../../src/snapshot/guest-tree.ts';
import { snapshotFacts } from '../repository/snapshot-facts.ts';

export const CHUNK = 256 << 10;
const QUICK_COST = { N: 1 << 10, r: 8, p: 1 };
const TIME = '2026-11-22T18:00:00+01:00';

export interface TestDisk {
  /** `drive-scsi0` */
  readonly name: string;
  readonly bytes: Buffer;
  /** Lengths of its blobs, again and again; by default chunks of 256 KiB. */
  readonly lengths?: readonly number[];
}

export async function makeRepository(folder: string, password: string): Promise<Repository> {
  const backend = folderBackend(folder);
  await initRepository(backend, password, { cost: QUICK_COST });
  return openRepository(backend, password);
}

/** Saves `qemu/101` with these disks. */
export function saveVm(repository: Repository, disks: readonly TestDisk[]): Promise<Snapshot> {
  return withSession(repository, { lock: 'shared', threads: 2 }, async (session) => {
    const entries = [];
    for (const disk of disks) entries.push(await saveDisk(session, disk));
    const vmid = parseVmid(101);
    if (vmid === undefined) throw new Error('101 is no vmid');
    const tree = await saveGuestTree(session.writer, { type: 'qemu', vmid }, { entries, time: TIME });
    return session.saveSnapshot(snapshotFacts(tree, { time: TIME }));
  });
}

async function saveDisk(
  { writer }: RepositorySession,
  { name, bytes, lengths = [CHUNK] }: TestDisk,
): Promise<GuestEntry> {
  const content = new BlobList();
  for (let at = 0, nth = 0; at < bytes.length; nth++) {
    const length = lengths[nth % lengths.length] ?? CHUNK;
    const saved = await writer.save('data', Uint8Array.from(bytes.subarray(at, at + length)));
    content.push(blobId(saved.id.slice()));
    at += length;
  }
  return { kind: 'large-file', folder: name, name: `${name}.raw`, size: bytes.length, content };
}

/** Paths of all packs. */
export async function packsOf(folder: string): Promise<readonly string[]> {
  const all = await readdir(join(folder, 'data'), { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
