import type { RunningCommand } from '../../transport/shell.ts';

/**
 * How an archive is sent to a script on the node. A cut connection looks like the end of a file, and a client that waits
 * for its repository looks like a dead one; neither may be taken for the other.
 *
 *     frame   = length "\n" bytes     decimal, 1 to 1048576, and so many bytes
 *     beat    = "\n"                  the client is alive
 *     end     = "0\n"                 all of the archive was sent
 *
 * A frame is sent once it is whole, so that its sender never waits for the source in the middle of one.
 */
const frameBytes = 1024 * 1024;

export interface SendOptions {
  /** Milliseconds between two signs of life while the source gives nothing; default 10 s. */
  readonly everyMs?: number;
  /** Is told each part of a piece once it is sent, in order. */
  readonly onSent?: (bytes: Uint8Array) => void;
  /** Its abort ends stdin without the end mark: the script then undoes what it has begun. */
  readonly signal?: AbortSignal;
}

/**
 * Sends all of the source and the end mark. Resolves as well when the command no longer reads: its exit says why.
 * The command's output must be read meanwhile.
 * @throws what the source throws, or the signal's reason; stdin was then ended without the end mark
 */
export async function sendArchive(
  command: RunningCommand,
  source: AsyncIterable<Uint8Array>,
  { everyMs = 10_000, onSent, signal }: SendOptions = {},
): Promise<void> {
  const gone = new AbortController();
  try {
    for await (const bytes of withBeats(framed(source), { everyMs, signal })) {
      await command.stdin.write(bytes).catch((error: unknown) => {
        gone.abort(error);
        throw error;
      });
      onSent?.(bytes);
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    await Promise.race([command.stdin.end(), command.exit]);
  }
}

/** The source in frames, with the end mark. */
export async function* framed(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of source) {
    for (let rest = bytes; rest.length > 0; ) {
      const piece = rest.subarray(0, frameBytes - length);
      rest = rest.subarray(piece.length);
      pieces.push(piece);
      length += piece.length;
      if (length < frameBytes) continue;
      yield* frame(pieces, length);
      pieces = [];
      length = 0;
    }
  }
  if (length > 0) yield* frame(pieces, length);
  yield Buffer.from('0\n');
}

function* frame(pieces: readonly Uint8Array[], length: number): Generator<Uint8Array, void, undefined> {
  yield Buffer.from(`${length}\n`);
  yield* pieces;
}

type Beating = Required<Pick<SendOptions, 'everyMs'>> & { readonly signal: AbortSignal | undefined };

/** Waiting for the source happens between frames only, so that is where the beats are. */
async function* withBeats(
  frames: AsyncGenerator<Uint8Array, void, undefined>,
  { everyMs, signal }: Beating,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (;;) {
      const next = frames.next();
      let step = await soon(next, { everyMs, signal });
      while (step === undefined) {
        yield Buffer.from('\n');
        step = await soon(next, { everyMs, signal });
      }
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    // A source that waits cannot be closed before it has got what it waits for.
    void frames.return().catch(() => undefined);
  }
}

/** undefined when it takes longer than `everyMs`. @throws the signal's reason */
async function soon<T>(next: Promise<T>, { everyMs, signal }: Beating): Promise<T | undefined> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const onAbort = () => reject(signal?.reason);
  const timer = setTimeout(() => resolve(undefined), everyMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  next.catch(() => undefined);
  try {
    return await Promise.race([next, promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
