import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { UserError } from '../user-error.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Asks on the terminal; returns when the answer was the wanted one.
 * @throws UserError `usage` when it was not, or when there is nobody to ask
 */
export async function confirm(
  question: string,
  wanted: string,
  { stdout, signal }: Surroundings,
  otherwise: string,
): Promise<void> {
  if (!stdout.isTTY || !process.stdin.isTTY)
    throw new UserError('usage', 'this needs a yes, and there is no terminal to ask on', { hint: otherwise });
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const closed = once(terminal, 'close').then(() => '');
  try {
    const answer = (await Promise.race([terminal.question(question, { signal }), closed]))
      .trim()
      .toLowerCase();
    if (answer !== wanted && !(wanted === 'y' && answer === 'yes'))
      throw new UserError('usage', 'nothing was done');
  } finally {
    terminal.close();
  }
}
