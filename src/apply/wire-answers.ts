import { capture } from '../transport/capture.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';

/**
 * Asks the node for a sign of life over the connection that is in use: a command of its own that changes nothing. That it is
 * refused is an answer as well. Never throws.
 */
export async function wireAnswers(shell: Shell, withinMs: number): Promise<boolean> {
  try {
    await capture(shell, ['hostname'], { signal: AbortSignal.timeout(withinMs) });
    return true;
  } catch (error) {
    return error instanceof UserError && error.code === 'command-failed';
  }
}
