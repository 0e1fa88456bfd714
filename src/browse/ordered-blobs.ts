import { type BlobId, sameBytes } from '../repository/object-id.ts';
import type { SizedBlobs } from './sized-blobs.ts';

/** A part of a stream: bytes that are there, or a blob that is to be read. */
export type StreamPart =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly id: BlobId; readonly length: number };

/** Enough that no thread waits while small files are read; what is read ahead is bounded by bytes as well. */
const MOST_AHEAD = 96;
const MOST_BYTES_AHEAD = 16 << 20;

interface Ahead {
  readonly bytes: Promise<Uint8Array>;
  readonly length: number;
}

/**
 * The bytes of all parts in order, their blobs read side by side: so many small files are read as fast as one large one. A blob that
 * follows itself is read once. The bytes may be lent again: they must not be changed.
 * @throws UserError `repository-damaged`
 */
export async function* readParts(
  reader: SizedBlobs,
  parts: AsyncIterable<StreamPart>,
): AsyncGenerator<Uint8Array> {
  const ahead: Ahead[] = [];
  let bytesAhead = 0;
  let last: { readonly id: BlobId; readonly bytes: Promise<Uint8Array> } | undefined;
  const start = (part: StreamPart): Ahead => {
    if (part.kind === 'bytes') return { bytes: Promise.resolve(part.bytes), length: part.bytes.length };
    if (last === undefined || !sameBytes(last.id, part.id)) {
      last = { id: part.id, bytes: reader.read('data', part.id) };
      last.bytes.catch(() => undefined);
    }
    return { bytes: last.bytes, length: part.length };
  };
  for await (const part of parts) {
    const started = start(part);
    ahead.push(started);
    bytesAhead += started.length;
    while (ahead.length > MOST_AHEAD || bytesAhead > MOST_BYTES_AHEAD) {
      const next = ahead.shift();
      if (next === undefined) break;
      bytesAhead -= next.length;
      yield await next.bytes;
    }
  }
  for (const { bytes } of ahead) yield await bytes;
}
