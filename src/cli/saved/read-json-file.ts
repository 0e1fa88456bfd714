import { open } from 'node:fs/promises';
import { UserError } from '../../user-error.ts';

/** Facts about thousands of guests and tens of thousands of snapshots stay far below. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Reads a file as UTF-8. @throws UserError `usage` when it cannot be read, or is larger than any of ours */
export async function readJsonFile(path: string): Promise<string> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > MOST_BYTES)
      throw new UserError('usage', `${path} is larger than 256 MiB`, { hint: 'is it the right file?' });
    return await file.readFile('utf8');
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('usage', `cannot read ${path}: ${reason}`, { cause });
  }
}
