import type { BlobSaver } from '../repository/store.ts';
import type { TakenFile } from '../snapshot/file-builder.ts';
import { RootfsView, type TakenRootfs } from '../snapshot/rootfs/rootfs-view.ts';
import { takeInObserved } from './take-in-tar.ts';

/** A dumped container, its blobs saved. */
export interface TakenContainer {
  readonly archive: TakenFile;
  /** SHA-256 of the stream, 64 hex digits. */
  readonly sha256: string;
  /** Its files, made of the archive's blobs and of small ones of their own. */
  readonly rootfs: TakenRootfs;
  /** `./etc/vzdump/pct.conf` and `./etc/vzdump/pct.fw`; undefined when the archive has none. */
  readonly config: Uint8Array | undefined;
  readonly firewall: Uint8Array | undefined;
}

/**
 * Takes a container's tar in: byte for byte, and as the files in it. Nothing is committed: the caller does that when the
 * whole dump is proved.
 * @throws FormatError with the offset when the stream is not whole or not a tar, or names files where none may be
 */
export async function takeInContainer(
  source: AsyncIterable<Uint8Array>,
  writer: BlobSaver,
): Promise<TakenContainer> {
  const view = new RootfsView(writer);
  const { archive, sha256, configs } = await takeInObserved(source, writer, {
    onMember: (member, offset) => view.takeMember(member, offset),
    onSmallContent: (_, bytes, offset) => view.takeSmallContent(bytes, offset),
    onBlob: (offset, length, done) => view.takeBlob(offset, length, done),
  });
  return { archive, sha256, rootfs: await view.end(), config: configs.pctConf, firewall: configs.pctFw };
}
