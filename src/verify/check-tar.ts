import { createHash } from 'node:crypto';
import { FormatError } from '../formats/format-error.ts';
import { readTar } from '../formats/tar/read-tar.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { readContent } from '../snapshot/snapshot-files.ts';

export interface TarReading {
  readonly source: BlobSource;
  /** 64 hex digits; undefined when none is known. */
  readonly sha256: string | undefined;
  readonly onRead: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Reads a tar from end to end: it must be one, whole, and have the digest that it had when it was backed up.
 * @returns what is wrong
 * @throws NotedDamage when a blob of it is damaged
 */
export async function checkTar(archive: StoredNode, reading: TarReading): Promise<string | undefined> {
  const digest = createHash('sha256');
  const bytes = async function* () {
    for await (const piece of readContent(reading.source, archive)) {
      reading.signal.throwIfAborted();
      digest.update(piece.bytes);
      reading.onRead(piece.bytes.length);
      yield piece.bytes;
    }
  };
  try {
    for await (const event of readTar(bytes())) if (event.kind === 'member') reading.signal.throwIfAborted();
  } catch (error) {
    if (error instanceof FormatError) return `${error.message} (at byte ${error.offset})`;
    throw error;
  }
  return reading.sha256 === undefined || digest.digest('hex') === reading.sha256
    ? undefined
    : 'its SHA-256 is not that of the stream that was backed up';
}
