import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { UserError } from '../../user-error.ts';

/**
 * Writes a file that only its owner can read. It is there whole or not at all: what had the name before is replaced at the end.
 * @throws UserError `usage` when it cannot be written
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await using file = await open(unfinished, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('usage', `cannot write ${path}: ${reason}`, { cause });
  }
}
