import { createHash } from 'node:crypto';
import type { ContainerConfigs } from '../formats/tar/container-configs.ts';
import { type CutTarOptions, cutTar } from '../formats/tar/cut-tar.ts';
import type { TarMember } from '../formats/tar/tar-member.ts';
import type { SavedBlob } from '../repository/blob-writer.ts';
import type { BlobSaver } from '../repository/store.ts';
import { FileBuilder, type TakenFile } from '../snapshot/file-builder.ts';

/** A tar, its blobs saved. */
export interface TakenTar {
  readonly archive: TakenFile;
  /** SHA-256 of the stream, 64 hex digits. */
  readonly sha256: string;
  readonly configs: ContainerConfigs;
}

/** Sees an archive as it passes; each promise is awaited before it is read on. */
export interface TarObserver extends CutTarOptions {
  /** A blob that holds nothing but content of the member that was told of last; `offset` is that in the file. */
  readonly onBlob: (offset: number, length: number, done: Promise<SavedBlob>) => Promise<void>;
}

/**
 * Takes a tar in, byte for byte. Nothing is committed.
 * @param onMember is called for each member, before its content
 * @throws FormatError with the offset when the stream is not whole or not a tar
 */
export function takeInTar(
  source: AsyncIterable<Uint8Array>,
  writer: BlobSaver,
  onMember: (member: TarMember) => void = () => undefined,
): Promise<TakenTar> {
  return takeInObserved(source, writer, { onMember, onBlob: () => Promise.resolve() });
}

/** The same, with somebody who looks on. */
export async function takeInObserved(
  source: AsyncIterable<Uint8Array>,
  writer: BlobSaver,
  observer: TarObserver,
): Promise<TakenTar> {
  const told = new ToldOf(writer);
  const file = new FileBuilder(told.saver);
  const hash = createHash('sha256');
  const cut = cutTar(source, observer);
  for await (const blob of cut.blobs) {
    const { length } = blob.bytes;
    hash.update(blob.bytes);
    await file.push(blob.bytes);
    if (blob.kind === 'content' && told.last !== undefined)
      await observer.onBlob(blob.offset, length, told.last);
  }
  return { archive: await file.end(), sha256: hash.digest('hex'), configs: cut.configs };
}

/** A saver that tells what was started last. */
class ToldOf {
  readonly saver: BlobSaver;
  last: Promise<SavedBlob> | undefined;

  constructor(writer: BlobSaver) {
    this.saver = {
      start: async (type, bytes) => {
        const started = await writer.start(type, bytes);
        this.last = started.done;
        return started;
      },
      startMany: (type, blobs) => writer.startMany(type, blobs),
      save: (type, bytes) => writer.save(type, bytes),
      saveZeros: (length) => writer.saveZeros(length),
      saveLarge: (type, blob, make) => writer.saveLarge(type, blob, make),
    };
  }
}
