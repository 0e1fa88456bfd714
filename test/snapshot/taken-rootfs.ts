import { takeInContainer } from '../../src/apply/take-in-container.ts';
import type { Repository, RepositorySession } from '../../src/repository/repository.ts';
import { initRepository, openRepository, withSession } from '../../src/repository/repository.ts';
import type { StoredNode } from '../../src/repository/tree-parser.ts';
import type { TakenRootfs } from '../../src/snapshot/rootfs/rootfs-view.ts';
import { inPieces } from '../formats/in-pieces.ts';
import { MemoryBackend } from '../repository/memory-backend.ts';

export interface ListedRootfs {
  readonly taken: TakenRootfs;
  /** Every node below the root by its path, names as latin1. */
  readonly nodes: ReadonlyMap<string, StoredNode>;
  /** The ids of the archive's blobs, hex. */
  readonly archiveBlobs: readonly string[];
  /** A file's bytes. */
  readonly contentOf: (path: string) => Promise<Buffer>;
}

export async function memoryRepository(): Promise<Repository> {
  const backend = new MemoryBackend();
  await initRepository(backend, 'of the test', { cost: { N: 1 << 10, r: 8, p: 1 } });
  return openRepository(backend, 'of the test');
}

/** Takes an archive in and lends what became of it. */
export async function withRootfs<Result>(
  archive: Uint8Array,
  work: (listed: ListedRootfs) => Promise<Result>,
  pieceBytes?: number,
): Promise<Result> {
  return withSession(await memoryRepository(), { lock: 'shared', threads: 2 }, async (session) => {
    const { rootfs, archive: file } = await takeInContainer(inPieces(archive, pieceBytes), session.writer);
    await session.writer.flush();
    const nodes = new Map<string, StoredNode>();
    if (rootfs.root?.subtree !== undefined) await list(session, rootfs.root.subtree, '', nodes);
    const contentOf = async (path: string) => {
      const parts = [...(nodes.get(path)?.content ?? [])].map((id) => session.reader.read('data', id));
      return Buffer.concat(await Promise.all(parts));
    };
    const archiveBlobs = [...file.content].map((id) => Buffer.from(id).toString('hex'));
    return work({ taken: rootfs, nodes, archiveBlobs, contentOf });
  });
}

async function list(
  session: RepositorySession,
  tree: NonNullable<StoredNode['subtree']>,
  folder: string,
  found: Map<string, StoredNode>,
): Promise<void> {
  for (const node of await session.reader.readTree(tree)) {
    const path = `${folder}${Buffer.from(node.name).toString('latin1')}`;
    found.set(path, node);
    if (node.subtree !== undefined) await list(session, node.subtree, `${path}/`, found);
  }
}
