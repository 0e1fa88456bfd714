import { delayed } from './delayed-signal.ts';
import type { Delivery } from './restore-delivery.ts';
import { runRestoreTool, type ToolEnded } from './restore-tool-run.ts';

/** The wrapper ends the tool clean within half a minute, and waits as long for the last words to be read. */
const ENDS_WITHIN_MS = 90_000;

/**
 * Reads the archive straight into the tool's stdin; needs no room on the node. Where a guest is overwritten, every blob is
 * read and proved before. A vmid that was free has nothing to lose: there a blob that is damaged ends the tool midway.
 */
export async function restoreByStream(delivery: Delivery): Promise<ToolEnded> {
  await delivery.beforeTouching(delivery.overwrites ? await prove(delivery) : undefined);
  return runRestoreTool(delivery.shell, {
    argv: delivery.argv('-'),
    target: delivery.target,
    source: delivery.archive('sending'),
    onSent: (bytes) => delivery.free(bytes),
    onPercent: delivery.onPercent,
    signal: delivery.signal,
    letGo: delayed(delivery.signal, ENDS_WITHIN_MS),
  });
}

/** @returns the length of the archive */
async function prove(delivery: Delivery): Promise<number> {
  let bytes = 0;
  for await (const piece of delivery.archive('proving')) {
    delivery.signal.throwIfAborted();
    bytes += piece.length;
    delivery.free(piece);
  }
  return bytes;
}
