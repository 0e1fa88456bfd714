import { parseGuestRef } from '../pve/guest.ts';
import { BlobList } from '../repository/blob-list.ts';
import { type BlobId, toHex } from '../repository/object-id.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { archiveName } from '../snapshot/archive-name.ts';
import { subjectOf } from './choose-snapshot.ts';
import { joinPath } from './locate.ts';
import { nameText } from './name-text.ts';
import { NewestFirstGate } from './newest-first-gate.ts';
import type { Walked } from './walk-tree.ts';

const READ_AT_ONCE = 16;

/** What a folder and those below it hold of what is looked for. */
interface Finding {
  readonly hits: readonly StoredNode[];
  readonly below: readonly { readonly name: Uint8Array; readonly finding: Finding }[];
}

/**
 * Looks for names in many snapshots. Each tree is read once, in however many snapshots and places it stands. In memory are what was
 * found and 16 bytes for each tree that was seen.
 */
export class NameFinder {
  readonly #reader: BlobSource;
  readonly #matches: (name: Uint8Array) => boolean;
  readonly #gate = new NewestFirstGate(READ_AT_ONCE);
  readonly #seen = new Map<string, Promise<Finding | undefined>>();
  readonly #signal: AbortSignal;

  constructor(
    reader: BlobSource,
    matches: (name: Uint8Array) => boolean,
    { signal }: { readonly signal: AbortSignal },
  ) {
    this.#reader = reader;
    this.#matches = matches;
    this.#signal = signal;
  }

  /** All nodes of a snapshot whose name fits. @throws UserError `repository-damaged` */
  async *find(snapshot: Snapshot): AsyncGenerator<Walked> {
    const finding = await this.#visit(snapshot.tree, { snapshot, depth: 0 });
    if (finding !== undefined) yield* walkedOf(finding);
  }

  #visit(tree: BlobId, at: Place): Promise<Finding | undefined> {
    const key = toHex(tree).slice(0, 32);
    const seen = this.#seen.get(key);
    if (seen !== undefined) return seen;
    const visit = this.#visitNew(tree, at);
    this.#seen.set(key, visit);
    visit.then(
      (finding) => this.#seen.set(key, finding === undefined ? NOTHING : visit),
      () => undefined,
    );
    return visit;
  }

  async #visitNew(tree: BlobId, at: Place): Promise<Finding | undefined> {
    const nodes = await this.#gate.run(() => {
      this.#signal.throwIfAborted();
      return this.#reader.readTree(tree);
    });
    const hits = nodes.filter(({ name }) => this.#matches(name));
    const below = await Promise.all(nodes.map((node) => this.#visitBelow(node, at)));
    const found = below.filter((one) => one !== undefined);
    return hits.length + found.length === 0 ? undefined : { hits: hits.map(withoutContent), below: found };
  }

  async #visitBelow({ name, subtree }: StoredNode, at: Place) {
    if (subtree === undefined) return undefined;
    const sole = at.depth === GUEST_FOLDER_DEPTH ? soleName(at.snapshot, nameText(name)) : undefined;
    if (sole !== undefined && !this.#matches(Buffer.from(sole))) return undefined;
    const finding = await this.#visit(subtree, { ...at, depth: at.depth + 1 });
    return finding === undefined ? undefined : { name, finding };
  }
}

interface Place {
  readonly snapshot: Snapshot;
  /** 0 is the root, 2 is `/qemu/101`. */
  readonly depth: number;
}

const GUEST_FOLDER_DEPTH = 2;
const NOTHING = Promise.resolve(undefined);
const NO_CONTENT = new BlobList();

/**
 * The only file in a folder of a guest that holds a large list, which is known without reading it (FORMAT.md): a disk's list can be
 * hundreds of megabytes, and there is one for each snapshot.
 */
function soleName(snapshot: Snapshot, folder: string): string | undefined {
  const subject = subjectOf(snapshot);
  const guest = subject === undefined ? undefined : parseGuestRef(subject);
  if (guest === undefined || folder === 'rootfs') return undefined;
  if (folder === 'archive') return archiveName(guest.type, guest.vmid);
  return guest.type === 'qemu' ? `${folder}.raw` : undefined;
}

/** What is kept of a hit must not hold a list of blobs, and not ask for it either. */
function withoutContent({ name, type, size, subtree, fields }: StoredNode): StoredNode {
  return { name, type, size, subtree, fields, content: NO_CONTENT };
}

function* walkedOf(finding: Finding): Generator<Walked> {
  const stack: { readonly path: Uint8Array; readonly finding: Finding }[] = [
    { path: new Uint8Array(), finding },
  ];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { path } = next;
    for (const node of next.finding.hits) yield { path: joinPath(path, node.name), node };
    for (const { name, finding: deeper } of next.finding.below.toReversed())
      stack.push({ path: joinPath(path, name), finding: deeper });
  }
}
