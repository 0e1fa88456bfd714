import type { SavedBlob } from '../../repository/blob-writer.ts';
import { ByteBudget } from '../../repository/byte-budget.ts';
import { joinIds, splitIds } from '../../repository/joined-ids.ts';
import { type BlobId, type BlobType, blobId } from '../../repository/object-id.ts';
import type { BlobFiller, BlobSaver, BlobSource, Store } from '../../repository/store.ts';
import { fromPortableNode } from './portable-node.ts';
import type { StoreAnswer, StoreCall } from './store-calls.ts';

/** How a call gets to the thread that has the repository. */
export interface StoreLine {
  /** @param make gives the bytes of a `save-large` that turned out not to be there */
  call(call: StoreCall, make?: (compress: boolean) => Promise<Uint8Array<ArrayBuffer>>): Promise<StoreAnswer>;
}

/** Blobs on their way to the other thread and in it; more is admitted there, blob by blob. */
const BYTES_UNDER_WAY = 12 << 20;

/** Of blobs that go in one message: with six messages for each blob of 256 KiB a first backup took a tenth more time. */
const BATCH_BYTES = 1 << 20;

/** The repository as seen from a thread that does not have it: every call is answered by the one that has. */
export function lentStore(
  line: StoreLine,
  { where, signal }: { readonly where: string; readonly signal: AbortSignal },
): Store {
  return {
    where,
    signal,
    reader: lentReader(line),
    writer: lentWriter(line),
    readSnapshot: async (id) => expectSnapshot(await line.call({ kind: 'read-snapshot', id })),
    taggedSnapshots: async (tag) => {
      const answer = await line.call({ kind: 'tagged-snapshots', tag });
      if (answer.kind !== 'tagged-snapshots') throw unexpected(answer);
      return answer.snapshots;
    },
    saveSnapshot: async (facts) => expectSnapshot(await line.call({ kind: 'save-snapshot', facts })),
  };
}

function lentReader(line: StoreLine): BlobSource & BlobFiller {
  return {
    async read(type, id) {
      const answer = await line.call({ kind: 'read', type, id: owned(id) });
      if (answer.kind !== 'read') throw unexpected(answer);
      return answer.bytes;
    },
    async readInto(ids, memory) {
      const answer = await line.call({ kind: 'read-into', ids: joinIds(ids), memory });
      if (answer.kind !== 'read-into') throw unexpected(answer);
      return answer.lengths;
    },
    async readTree(id) {
      const answer = await line.call({ kind: 'read-tree', id: owned(id) });
      if (answer.kind !== 'read-tree') throw unexpected(answer);
      return answer.nodes.map(fromPortableNode);
    },
  };
}

function lentWriter(line: StoreLine): BlobSaver {
  const budget = new ByteBudget(BYTES_UNDER_WAY);
  const zeros = new Map<number, Promise<SavedBlob>>();
  const batch = new Batch(line);
  const start: BlobSaver['start'] = async (type, bytes) => {
    const { length } = bytes;
    await budget.take(length);
    const done = batch.add(type, bytes).finally(() => budget.give(length));
    // Whoever started it may have failed before it looks here.
    done.catch(() => undefined);
    return { done };
  };
  const startMany: BlobSaver['startMany'] = async (type, blobs) => {
    const bytes = blobs.reduce((sum, { length }) => sum + length, 0);
    await budget.take(bytes);
    const done = saveMany(line, type, blobs).finally(() => budget.give(bytes));
    done.catch(() => undefined);
    return { done };
  };
  return {
    start,
    startMany,
    save: async (type, bytes) => (await start(type, bytes)).done,
    saveZeros(length) {
      const known = zeros.get(length) ?? line.call({ kind: 'save-zeros', length }).then(expectBlob);
      zeros.set(length, known);
      return known;
    },
    saveLarge: async (type, { id, length }, make) =>
      expectBlob(await line.call({ kind: 'save-large', type, id: owned(id), length }, make)),
  };
}

/** The blobs are handed over. */
async function saveMany(
  line: StoreLine,
  type: BlobType,
  blobs: readonly Uint8Array[],
): Promise<readonly SavedBlob[]> {
  const lengths = blobs.map(({ length }) => length);
  return expectBlobs(await line.call({ kind: 'save-many', type, blobs }), lengths);
}

interface WaitingBlob {
  readonly bytes: Uint8Array;
  readonly resolve: (blob: SavedBlob) => void;
  readonly reject: (error: unknown) => void;
}

/** Blobs that are started one after the other go together: once they are many, or when nothing else is to be done at once. */
class Batch {
  readonly #line: StoreLine;
  #type: BlobType = 'data';
  #blobs: WaitingBlob[] = [];
  #bytes = 0;
  #soon: NodeJS.Immediate | undefined;

  constructor(line: StoreLine) {
    this.#line = line;
  }

  add(type: BlobType, bytes: Uint8Array): Promise<SavedBlob> {
    if (type !== this.#type) this.#send();
    this.#type = type;
    const saved = new Promise<SavedBlob>((resolve, reject) => {
      this.#blobs.push({ bytes, resolve, reject });
    });
    this.#bytes += bytes.length;
    if (this.#bytes >= BATCH_BYTES) this.#send();
    else this.#soon ??= setImmediate(() => this.#send());
    return saved;
  }

  #send(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    const waiting = this.#blobs;
    if (waiting.length === 0) return;
    this.#blobs = [];
    this.#bytes = 0;
    const blobs = waiting.map(({ bytes }) => bytes);
    saveMany(this.#line, this.#type, blobs).then(
      (saved) => {
        for (const [index, blob] of saved.entries()) waiting[index]?.resolve(blob);
      },
      (error: unknown) => {
        for (const { reject } of waiting) reject(error);
      },
    );
  }
}

/** A view is sent with all of the buffer behind it. */
function owned(id: BlobId): BlobId {
  return blobId(id.slice());
}

function expectBlob(answer: StoreAnswer): SavedBlob {
  if (!('blob' in answer)) throw unexpected(answer);
  return answer.blob;
}

function expectBlobs(answer: StoreAnswer, lengths: readonly number[]): readonly SavedBlob[] {
  if (answer.kind !== 'save-many') throw unexpected(answer);
  const { ids, storedBytes } = answer;
  return splitIds(ids).map((id, index) => ({
    id,
    length: lengths[index] ?? 0,
    storedBytes: storedBytes[index] ?? 0,
  }));
}

function expectSnapshot(answer: StoreAnswer) {
  if (!('snapshot' in answer)) throw unexpected(answer);
  return answer.snapshot;
}

function unexpected({ kind }: StoreAnswer): Error {
  return new Error(`the repository's thread answered with ${kind} to something else`);
}
