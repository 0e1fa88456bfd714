import { type BlobId, parseBlobId, toHex } from '../../src/repository/object-id.ts';
import type { RepositorySession } from '../../src/repository/repository.ts';
import { type Repository, withSession } from '../../src/repository/repository.ts';
import { ListDigest } from '../../src/snapshot/list-digest.ts';

/** A tree's JSON, made into another one. */
export type TreeEdit = (tree: StoredTree) => void;

export interface StoredTree {
  nodes: StoredTreeNode[];
}

interface StoredTreeNode {
  name: string;
  size?: number;
  content?: string[];
  subtree?: string;
}

/** Edits of trees by their paths, `/qemu/101`. */
export type Tampering = Readonly<Record<string, TreeEdit>>;

/** Stores a snapshot again with some of its trees changed: each blob is whole. @returns the new snapshot's id */
export function tamper(
  repository: Repository,
  snapshot: string,
  make: (help: TamperHelp) => Promise<Tampering>,
): Promise<string> {
  return withSession(repository, { lock: 'shared', threads: 1 }, async (session) => {
    const { id: _, original: __, ...facts } = await session.readSnapshot(snapshot);
    const tampering = await make(new TamperHelp(session));
    const tree = await editTree(session, { id: facts.tree, path: '' }, tampering);
    return (await session.saveSnapshot({ ...facts, tree })).id;
  });
}

/** What an edit may need. */
export class TamperHelp {
  readonly #session: RepositorySession;
  /** Of blobs that are not indexed yet. */
  readonly #lengths = new Map<string, number>();

  constructor(session: RepositorySession) {
    this.#session = session;
  }

  /** Stores bytes and returns the blob's id. */
  async blob(bytes: Uint8Array): Promise<string> {
    const { id, length } = await this.#session.writer.save('data', Uint8Array.from(bytes));
    this.#lengths.set(toHex(id), length);
    return toHex(id);
  }

  /** The digest of a list of blobs. */
  digest(ids: readonly string[]): string {
    const digest = new ListDigest();
    for (const id of ids.map(parsed)) digest.add({ id, length: this.lengthOf(toHex(id)) });
    return digest.hex();
  }

  lengthOf(id: string): number {
    return this.#lengths.get(id) ?? this.#session.reader.lengthOf('data', parsed(id)) ?? 0;
  }

  async json(snapshot: string, path: string): Promise<Record<string, unknown>> {
    const [id = ''] = await this.list(snapshot, path);
    const bytes = await this.#session.reader.read('data', parsed(id));
    return JSON.parse(Buffer.from(bytes).toString());
  }

  /** The ids of a file's blobs. */
  async list(snapshot: string, path: string): Promise<readonly string[]> {
    let id = (await this.#session.readSnapshot(snapshot)).tree;
    const parts = path.split('/').slice(1);
    for (const [depth, part] of parts.entries()) {
      const node = (await readTree(this.#session, id)).nodes.find(({ name }) => name === part);
      if (depth === parts.length - 1) return node?.content ?? [];
      id = parsed(node?.subtree ?? '');
    }
    return [];
  }
}

async function editTree(
  session: RepositorySession,
  { id, path }: { readonly id: BlobId; readonly path: string },
  tampering: Tampering,
): Promise<BlobId> {
  const tree = await readTree(session, id);
  for (const node of tree.nodes) {
    const below = `${path}/${node.name}`;
    if (
      node.subtree === undefined ||
      !Object.keys(tampering).some((edited) => `${edited}/`.startsWith(`${below}/`))
    )
      continue;
    node.subtree = toHex(await editTree(session, { id: parsed(node.subtree), path: below }, tampering));
  }
  tampering[path]?.(tree);
  const text = `${JSON.stringify(tree)}\n`;
  return (await session.writer.save('tree', new Uint8Array(Buffer.from(text)))).id;
}

async function readTree({ reader }: RepositorySession, id: BlobId): Promise<StoredTree> {
  return JSON.parse(Buffer.from(await reader.read('tree', id)).toString('utf8'));
}

function parsed(id: string): BlobId {
  const blob = parseBlobId(id);
  if (blob === undefined) throw new Error(`${id} is no id`);
  return blob;
}
