import { constants } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { writeNewFile } from './write-whole.ts';

/** What file systems and disks of today ask of address, offset and length (open(2), O_DIRECT). */
const BLOCK_BYTES = 4096;
/** Below it the system's cache costs less than to wait for the disk. */
const LEAST_BYTES = 1 << 20;

/**
 * Makes a new file of a large piece of shared memory past the system's cache, and syncs it. A backup is not read again soon: in
 * the cache it would take the room of what is, on a node that of its guests, and putting it there may cost more processor time
 * than to hash it. The memory behind the bytes is written as well, up to the next block, and cut off.
 * @returns false when the bytes or the file system do not lend themselves to it: nothing is there then
 */
export async function writeDirect(path: string, bytes: Uint8Array): Promise<boolean> {
  const { buffer, byteOffset, length } = bytes;
  const whole = Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
  if (length < LEAST_BYTES || !(buffer instanceof SharedArrayBuffer)) return false;
  if (byteOffset % BLOCK_BYTES !== 0 || byteOffset + whole > buffer.byteLength) return false;
  try {
    const blocks = new Uint8Array(buffer, byteOffset, whole);
    await writeNewFile(path, blocks, { flags: constants.O_DIRECT, length });
    return true;
  } catch (error) {
    if (!cannotBeDirect(error)) throw error;
    await unlink(path).catch(() => undefined);
    return false;
  }
}

/** A file system or a memory address cannot do it: EINVAL; some network file systems say EOPNOTSUPP. */
function cannotBeDirect(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'EOPNOTSUPP')
  );
}
