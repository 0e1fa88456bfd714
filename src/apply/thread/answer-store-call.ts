import type { SavedBlob } from '../../repository/blob-writer.ts';
import { joinIds, splitIds } from '../../repository/joined-ids.ts';
import { blobId } from '../../repository/object-id.ts';
import type { Store } from '../../repository/store.ts';
import { toPortableNode } from './portable-node.ts';
import type { StoreAnswer, StoreCall } from './store-calls.ts';

/** Does what a thread asked of the repository. @param make asks it for the bytes of a blob that is not there */
export async function answerStoreCall(
  { reader, writer, readSnapshot, taggedSnapshots, saveSnapshot }: Store,
  call: StoreCall,
  make: (compress: boolean) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<StoreAnswer> {
  const { kind } = call;
  switch (kind) {
    case 'save-many':
      return joined(await (await writer.startMany(call.type, call.blobs)).done);
    case 'save-zeros':
      return { kind, blob: portable(await writer.saveZeros(call.length)) };
    case 'save-large':
      return { kind, blob: portable(await writer.saveLarge(call.type, call, make)) };
    case 'read':
      return { kind, bytes: await reader.read(call.type, call.id) };
    case 'read-into':
      return { kind, lengths: await reader.readInto(splitIds(call.ids), call.memory) };
    case 'read-tree':
      return { kind, nodes: (await reader.readTree(call.id)).map(toPortableNode) };
    case 'read-snapshot':
      return { kind, snapshot: await readSnapshot(call.id) };
    case 'tagged-snapshots':
      return { kind, snapshots: await taggedSnapshots(call.tag) };
    case 'save-snapshot':
      return { kind, snapshot: await saveSnapshot(call.facts) };
  }
}

function joined(blobs: readonly SavedBlob[]): StoreAnswer {
  return {
    kind: 'save-many',
    ids: joinIds(blobs.map(({ id }) => id)),
    storedBytes: Float64Array.from(blobs, ({ storedBytes }) => storedBytes),
  };
}

/** A view is sent with all of the buffer behind it. */
function portable(blob: SavedBlob): SavedBlob {
  return { ...blob, id: blobId(blob.id.slice()) };
}
