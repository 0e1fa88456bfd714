/**
 * Writing to the descriptors of a stand-in without buffering, so that nothing is lost when the process ends at once.
 */
import { writeSync } from 'node:fs';

/** Writes all of the text. Waits while the reader is slow. @throws the error of the system, EPIPE when nobody reads any more */
export function print(fd: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text, 'utf8');
  while (rest.length > 0) rest = rest.subarray(writeSome(fd, rest));
}

/** The same, but a reader that has gone is no error. */
export function printIfHeard(fd: number, text: string): void {
  try {
    print(fd, text);
  } catch (error) {
    if (!isErrno(error, 'EPIPE')) throw error;
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function writeSome(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if (!isErrno(error, 'EAGAIN')) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    return 0;
  }
}
