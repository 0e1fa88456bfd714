import type { RunningCommand } from '../../transport/shell.ts';

export interface HeartbeatOptions {
  /** Milliseconds; well below the silence that the wrapper allows. Default 10 s. */
  readonly everyMs?: number;
  /** Its abort ends stdin at once, which tells the wrapper to end the dump. */
  readonly signal?: AbortSignal;
}

/** Never a newline: a shell drops those at the end of what it reads. */
const beat = new Uint8Array([0x2e]);

/**
 * Tells a wrapped command that its client is alive, from now until it has ended or `signal` fires. Never rejects: what
 * becomes of the command shows in its `exit`. After an abort, go on reading the command's output until `exit` resolves.
 */
export async function heartbeat(
  command: RunningCommand,
  { everyMs = 10_000, signal }: HeartbeatOptions = {},
): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  let going = true;
  const stop = () => {
    going = false;
    resolve();
  };
  void command.exit.then(stop);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  const send = () => (going ? command.stdin.write(beat).catch(() => undefined) : undefined);
  try {
    while (going) {
      await Promise.race([send(), over]);
      await pause(everyMs, over);
    }
    await Promise.race([command.stdin.end(), command.exit]);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

async function pause(milliseconds: number, over: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise, over]);
  clearTimeout(timer);
}
