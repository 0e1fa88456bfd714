import { closeSync, constants, openSync } from 'node:fs';

/** Whether a terminal controls this process, whatever its output goes to. One that has gone away is none (ENXIO, EIO). */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}
