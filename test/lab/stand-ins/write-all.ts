/** Writing to a descriptor that may be a pipe, with the loop kept free for signals while its reader is slow. */
import { write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from './print.ts';

/** @returns false when nobody reads any more */
export async function writeAll(fd: number, bytes: Uint8Array): Promise<boolean> {
  for (let rest = bytes; rest.length > 0; ) {
    try {
      rest = rest.subarray(await writeOnce(fd, rest));
    } catch (error) {
      if (isErrno(error, 'EPIPE') || isErrno(error, 'ECONNRESET')) return false;
      if (!isErrno(error, 'EAGAIN')) throw error;
      await sleep(5);
    }
  }
  return true;
}

function writeOnce(fd: number, bytes: Uint8Array): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  write(fd, bytes, (error, written) => (error === null ? resolve(written) : reject(error)));
  return promise;
}
