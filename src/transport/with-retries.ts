import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../user-error.ts';

/** Something failed in a way that may pass, and is tried again. */
export interface Retry {
  readonly reason: string;
  readonly pauseMs: number;
}

export interface RetryOptions {
  /** How often it is tried again; 3 by default, which is the most. */
  readonly mostRetries?: number;
  /** Is told of each pause when it begins. */
  readonly onRetry: (retry: Retry) => void;
  /** Ends a pause at once. */
  readonly signal: AbortSignal;
}

const PAUSES_MS: readonly number[] = [1_000, 4_000, 10_000];
/** Who did not get through in this time, with several long silences, will not the next time. */
const LAST_BEGINS_WITHIN_MS = 30_000;

/**
 * Does what may be done twice, and does it again where no connection came about or one was lost: 1, 4 and 10 s later. A
 * wrong password or host key does not get better.
 * @throws what it throws at last; the signal's reason when that ended a pause
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  { onRetry, signal, mostRetries = PAUSES_MS.length }: RetryOptions,
): Promise<T> {
  const begun = performance.now();
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const pauseMs = pauseAfter(error, { tries, elapsedMs: performance.now() - begun });
      if (pauseMs === undefined || tries >= mostRetries || signal.aborted) throw error;
      onRetry({ reason: error instanceof Error ? error.message : String(error), pauseMs });
      await pause(pauseMs, signal);
    }
  }
}

/** @throws the signal's reason, at once */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** @returns milliseconds; undefined when it is not tried again */
export function pauseAfter(
  error: unknown,
  { tries, elapsedMs }: { readonly tries: number; readonly elapsedMs: number },
): number | undefined {
  if (!(error instanceof UserError) || error.code !== 'host-unreachable') return undefined;
  const pauseMs = PAUSES_MS[tries];
  return pauseMs === undefined || elapsedMs + pauseMs > LAST_BEGINS_WITHIN_MS ? undefined : pauseMs;
}
