import { createHash } from 'node:crypto';
import type { ContainerConfigs } from '../formats/tar/container-configs.ts';
import { cutTar } from '../formats/tar/cut-tar.ts';
import type { TarMember } from '../formats/tar/tar-member.ts';
import type { BlobSaver } from '../repository/store.ts';
import { FileBuilder, type TakenFile } from '../snapshot/file-builder.ts';

/** A tar, its blobs saved. */
export interface TakenTar {
  readonly archive: TakenFile;
  /** SHA-256 of the stream, 64 hex digits. */
  readonly sha256: string;
  readonly configs: ContainerConfigs;
}

/**
 * Takes a tar in, byte for byte. Nothing is committed.
 * @param onMember is called for each member, before its content
 * @throws FormatError with the offset when the stream is not whole or not a tar
 */
export async function takeInTar(
  source: AsyncIterable<Uint8Array>,
  writer: BlobSaver,
  onMember: (member: TarMember) => void = () => undefined,
): Promise<TakenTar> {
  const file = new FileBuilder(writer);
  const hash = createHash('sha256');
  const cut = cutTar(source, { onMember });
  for await (const blob of cut.blobs) {
    hash.update(blob.bytes);
    await file.push(blob.bytes);
  }
  return { archive: await file.end(), sha256: hash.digest('hex'), configs: cut.configs };
}
