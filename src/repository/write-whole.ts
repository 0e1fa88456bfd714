import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Writes all of it at an offset, in as few writes as the system takes. One write may take a part only, without an error, when
 * little room is left; `writeFile` does not, but cuts at 512 KiB, which costs a kernel up to ten times the work.
 */
export async function writeWhole(handle: FileHandle, bytes: Uint8Array, offset = 0): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
}

/**
 * Makes a new file that only its owner may read, and syncs it.
 * @param options.flags of open(2) beside those of a new file
 * @param options.length what is behind it was written to fill a block, and is cut off
 */
export async function writeNewFile(
  path: string,
  bytes: Uint8Array,
  { flags = 0, length = bytes.length }: { readonly flags?: number; readonly length?: number } = {},
): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | flags, 0o600);
  try {
    await writeWhole(handle, bytes);
    if (length !== bytes.length) await handle.truncate(length);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
