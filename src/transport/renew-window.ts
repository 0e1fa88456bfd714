import type { ClientChannel } from 'ssh2';
import { windowAdjust } from 'ssh2/lib/Channel.js';

/** How much may come before the server is let send as much again: a quarter of the window. */
const RENEWED_BYTES = 512 << 10;

/**
 * Lets the server go on sending before ssh2 would, which waits until half of the window of 2 MiB is used up. Servers send 32 KiB at a
 * time, so that half a window ends with a packet; but a single byte of stderr shifts that, and each second time ssh2 then waited
 * for a packet that the server was not yet let send: on a line of 20 ms a stream came at half the speed.
 *
 * A channel that is paused has no data events, so that one that nobody reads still holds the server.
 */
export function renewWindow(channel: ClientChannel): void {
  let come = 0;
  channel.on('data', (bytes: Uint8Array) => {
    come += bytes.length;
    if (come < RENEWED_BYTES) return;
    come = 0;
    windowAdjust(channel);
  });
}
