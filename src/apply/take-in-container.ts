import type { BlobSaver } from '../repository/store.ts';
import type { TakenFile } from '../snapshot/file-builder.ts';
import { takeInTar } from './take-in-tar.ts';

/** A dumped container, its blobs saved. */
export interface TakenContainer {
  readonly archive: TakenFile;
  /** SHA-256 of the stream, 64 hex digits. */
  readonly sha256: string;
  /** `./etc/vzdump/pct.conf` and `./etc/vzdump/pct.fw`; undefined when the archive has none. */
  readonly config: Uint8Array | undefined;
  readonly firewall: Uint8Array | undefined;
}

/**
 * Takes a container's tar in, byte for byte. Nothing is committed: the caller does that when the whole dump is proved.
 * @throws FormatError with the offset when the stream is not whole or not a tar
 */
export async function takeInContainer(
  source: AsyncIterable<Uint8Array>,
  writer: BlobSaver,
): Promise<TakenContainer> {
  const { archive, sha256, configs } = await takeInTar(source, writer);
  return { archive, sha256, config: configs.pctConf, firewall: configs.pctFw };
}
