import type { Backend } from '../repository/backend.ts';
import { faultOf, packFile } from '../repository/file-fault.ts';
import type { FileId } from '../repository/object-id.ts';
import type { PackEntry } from '../repository/pack-header.ts';

/** A pack of which the storage does not give all. */
export interface SalvagedPack {
  /** From `from` on to its end; zeros stand for what cannot be read. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The blobs that cannot be read, and why. */
  readonly lost: ReadonlyMap<PackEntry, string>;
}

/**
 * Reads a pack blob by blob that cannot be read as a whole, so that a bad sector costs one blob and not sixty.
 * @param pack.wanted undefined when no index says where its blobs are: then nothing of it can be read
 */
export async function salvagePack(
  backend: Backend,
  pack: {
    readonly id: FileId;
    readonly size: number;
    readonly from: number;
    readonly wanted: readonly PackEntry[] | undefined;
  },
): Promise<SalvagedPack | undefined> {
  const { id, size, from, wanted } = pack;
  if (wanted === undefined) return undefined;
  const bytes = new Uint8Array(Math.max(0, size - from));
  const lost = new Map<PackEntry, string>();
  for (const entry of wanted) {
    const { offset, length } = entry;
    try {
      bytes.set(await backend.load({ type: 'data', name: id }, { offset, length }), offset - from);
    } catch (error) {
      lost.set(entry, faultOf(packFile(id), error).what);
    }
  }
  return { bytes, lost };
}
