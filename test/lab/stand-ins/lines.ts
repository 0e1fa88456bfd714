/** The lines that a child program prints. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export async function* linesOf(output: Readable | null): AsyncGenerator<string> {
  if (output !== null) yield* createInterface({ input: output });
}
