import type { Backend } from '../backend.ts';
import { BlobDamage, type BlobWorkers } from '../blob-workers.ts';
import { damaged } from '../damaged-error.ts';
import { packFile } from '../file-fault.ts';
import type { IndexedPack } from '../index-file.ts';
import { type BlobType, parseFileId, toHex } from '../object-id.ts';
import { PackBuilder } from '../pack-builder.ts';
import type { PackEntry } from '../pack-header.ts';
import { releaseMemory } from '../release-memory.ts';

const READ_AT_ONCE = 8;

/**
 * Copies blobs to new packs, as they are stored: each is opened and checked against its id before, so that damage is not
 * carried on under a new name. Memory: two packs that are being filled, and eight blobs on their way.
 */
export class Repacker {
  readonly #backend: Backend;
  readonly #workers: BlobWorkers;
  readonly #onPack: (pack: IndexedPack) => void;
  readonly #builders: Record<BlobType, PackBuilder> = {
    data: new PackBuilder('data'),
    tree: new PackBuilder('tree'),
  };

  /** @param parts.onPack is told of each pack once it is durable; no index names it yet */
  constructor(parts: {
    readonly backend: Backend;
    readonly workers: BlobWorkers;
    readonly onPack: (pack: IndexedPack) => void;
  }) {
    this.#backend = parts.backend;
    this.#workers = parts.workers;
    this.#onPack = parts.onPack;
  }

  /** @throws UserError `repository-damaged` naming pack and blob */
  async copy(pack: string, entries: readonly PackEntry[], signal: AbortSignal): Promise<void> {
    for (let at = 0; at < entries.length; at += READ_AT_ONCE) {
      signal.throwIfAborted();
      const batch = entries.slice(at, at + READ_AT_ONCE);
      const sealed = await Promise.all(batch.map((entry) => this.#read(pack, entry)));
      for (const [index, entry] of batch.entries()) {
        const bytes = sealed[index];
        if (bytes !== undefined) await this.#add(entry, bytes);
      }
    }
  }

  /** Stores what is not in a full pack yet. */
  async end(): Promise<void> {
    for (const type of ['data', 'tree'] as const) if (!this.#builders[type].isEmpty) await this.#store(type);
  }

  async #read(pack: string, entry: PackEntry): Promise<Uint8Array<ArrayBuffer>> {
    const { offset, length, uncompressedLength } = entry;
    const stored = await this.#backend.load({ type: 'data', name: pack }, { offset, length });
    const id = Uint8Array.from(entry.id);
    try {
      const sealed = Uint8Array.from(stored);
      const { bytes } = await this.#workers.run({ kind: 'open', sealed, id, uncompressedLength });
      releaseMemory(bytes);
    } catch (error) {
      if (!(error instanceof BlobDamage)) throw error;
      throw damaged(
        packFile(pack),
        `${entry.type} blob ${toHex(entry.id)} at offset ${offset}: ${error.message}`,
      );
    }
    return Uint8Array.from(stored);
  }

  async #add({ id, type, uncompressedLength }: PackEntry, sealed: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#builders[type].add(id, sealed, uncompressedLength);
    if (this.#builders[type].isFull) await this.#store(type);
  }

  async #store(type: BlobType): Promise<void> {
    const { bytes, entries } = this.#builders[type];
    this.#builders[type] = new PackBuilder(type);
    const { pack } = await this.#workers.run({ kind: 'pack', blobs: bytes, entries });
    const id = parseFileId(pack.id);
    if (id === undefined) throw new Error('a digest that is none');
    await this.#backend.save({ type: 'data', name: id }, pack.file);
    releaseMemory(pack.file);
    this.#onPack({ id, entries });
  }
}
