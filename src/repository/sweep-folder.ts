import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Beside its place while it is being written; restic's look alike. */
const UNFINISHED = /^(config|[0-9a-f]{64})-tmp-[0-9a-f]+$/;

/**
 * Removes from a folder the files that somebody began to write, and was killed.
 * @param before milliseconds since 1970: what was changed since may still be written
 * @returns their bytes
 */
export async function sweepFolder(folder: string, before: number): Promise<number> {
  let bytes = 0;
  for (const name of (await readdir(folder)).filter((one) => UNFINISHED.test(one))) {
    const path = join(folder, name);
    const { mtimeMs, size } = await stat(path);
    if (mtimeMs >= before) continue;
    await unlink(path);
    bytes += size;
  }
  return bytes;
}
