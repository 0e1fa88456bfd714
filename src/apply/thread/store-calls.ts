import type { SavedBlob } from '../../repository/blob-writer.ts';
import { buffersOf } from '../../repository/buffers-of.ts';
import type { BlobId, BlobType } from '../../repository/object-id.ts';
import type { Snapshot, SnapshotFacts } from '../../repository/snapshot-file.ts';
import type { PortableNode } from './portable-node.ts';

/** What a pipeline in a thread asks of the repository, which the main thread has open. */
export type StoreCall =
  /** Views of one or more buffers. */
  | { readonly kind: 'save-many'; readonly type: BlobType; readonly blobs: readonly Uint8Array[] }
  | { readonly kind: 'save-zeros'; readonly length: number }
  | { readonly kind: 'save-large'; readonly type: BlobType; readonly id: BlobId; readonly length: number }
  | { readonly kind: 'read'; readonly type: BlobType; readonly id: BlobId }
  /** `ids` are 32 bytes each. */
  | { readonly kind: 'read-into'; readonly ids: Uint8Array<ArrayBuffer>; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'read-tree'; readonly id: BlobId }
  | { readonly kind: 'read-snapshot'; readonly id: string }
  | { readonly kind: 'tagged-snapshots'; readonly tag: string }
  | { readonly kind: 'save-snapshot'; readonly facts: SnapshotFacts };

export type StoreAnswer =
  | { readonly kind: 'save-zeros' | 'save-large'; readonly blob: SavedBlob }
  /** `ids` are 32 bytes each. */
  | {
      readonly kind: 'save-many';
      readonly ids: Uint8Array<ArrayBuffer>;
      readonly storedBytes: Float64Array<ArrayBuffer>;
    }
  | { readonly kind: 'read'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'read-into'; readonly lengths: readonly number[] }
  | { readonly kind: 'read-tree'; readonly nodes: readonly PortableNode[] }
  | { readonly kind: 'tagged-snapshots'; readonly snapshots: readonly Snapshot[] }
  | { readonly kind: 'read-snapshot' | 'save-snapshot'; readonly snapshot: Snapshot };

/** The buffers to hand over with a call or an answer. */
export function transferables(message: StoreCall | StoreAnswer): ArrayBuffer[] {
  if ('bytes' in message) return [message.bytes.buffer];
  if ('blobs' in message) return buffersOf(message.blobs);
  return 'nodes' in message
    ? message.nodes.flatMap(({ content }) => content.map(({ buffer }) => buffer))
    : [];
}
