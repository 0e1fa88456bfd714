import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { type BlobId, blobId, sameBytes } from '../repository/object-id.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { ListDigest } from '../snapshot/list-digest.ts';

/** What a file's list of blobs says, without reading them. */
export interface ListFacts {
  /** Bytes of all its blobs. */
  readonly size: number;
  /** `list-digest.ts`, 64 hex digits. */
  readonly digest: string;
}

const IDS_BETWEEN_YIELDS = 65536;

/** @returns undefined when no index names one of the blobs */
export async function listFacts(
  { content }: StoredNode,
  lengthOf: (id: BlobId) => number | undefined,
  signal: AbortSignal,
): Promise<ListFacts | undefined> {
  const digest = new ListDigest();
  let last: { readonly id: BlobId; readonly length: number } | undefined;
  let size = 0;
  let count = 0;
  for (const id of content) {
    if (++count % IDS_BETWEEN_YIELDS === 0) {
      await yieldToOthers();
      signal.throwIfAborted();
    }
    if (last === undefined || !sameBytes(last.id, id)) {
      const length = lengthOf(id);
      if (length === undefined) return undefined;
      last = { id: blobId(id.slice()), length };
    }
    digest.add(last);
    size += last.length;
  }
  return { size, digest: digest.hex() };
}
