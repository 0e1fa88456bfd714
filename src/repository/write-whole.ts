import type { FileHandle } from 'node:fs/promises';

/**
 * Writes all of it at an offset, in as few writes as the system takes. One write may take a part only, without an error, when
 * little room is left; `writeFile` does not, but cuts at 512 KiB, which costs a kernel up to ten times the work.
 */
export async function writeWhole(handle: FileHandle, bytes: Uint8Array, offset = 0): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
}
