import { FormatError } from '../../src/formats/format-error.ts';

/** Pulls a stream to its end. @returns what a FormatError says, `accepted` when there is none; other errors are thrown */
export async function formatErrorOf(
  stream: AsyncIterable<unknown>,
): Promise<'accepted' | { readonly reason: string; readonly offset: number }> {
  try {
    for await (const _ of stream);
  } catch (error) {
    if (error instanceof FormatError) return { reason: error.message, offset: error.offset };
    throw error;
  }
  return 'accepted';
}
