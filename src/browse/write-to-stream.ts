import type { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** `closed`: whoever read the other end has had enough. */
export type StreamOutcome = 'written' | 'closed';

/**
 * Writes pieces one after the other, each when the one before is gone: never more than one is waiting. The stream stays open.
 * @throws what reading the pieces throws, the signal's reason, and what the stream fails with other than a closed pipe
 */
export async function writeToStream(
  stream: Writable,
  pieces: AsyncIterable<Uint8Array | string>,
  { signal }: { readonly signal: AbortSignal },
): Promise<StreamOutcome> {
  const ignore = () => undefined;
  stream.on('error', ignore);
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      if (piece.length > 0) await writeOne(stream, piece, signal);
    }
    return 'written';
  } catch (error) {
    if (isClosedPipe(error)) return 'closed';
    throw error;
  } finally {
    // The event of an error comes after the answer to the write.
    await nextTurn();
    stream.off('error', ignore);
  }
}

function writeOne(stream: Writable, piece: Uint8Array | string, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  stream.write(piece, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  return promise.finally(() => signal.removeEventListener('abort', abort));
}

function isClosedPipe(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED')
  );
}
