import { delayed } from './delayed-signal.ts';
import type { Delivery } from './restore-delivery.ts';
import { runRestoreTool, type ToolEnded } from './restore-tool-run.ts';

/** The wrapper ends the tool clean within half a minute, and waits as long for the last words to be read. */
const ENDS_WITHIN_MS = 90_000;

/** Reads and proves every blob; then reads them again, straight into the tool's stdin. Needs no room on the node. */
export async function restoreByStream(delivery: Delivery): Promise<ToolEnded> {
  let bytes = 0;
  for await (const piece of delivery.archive('proving')) {
    delivery.signal.throwIfAborted();
    bytes += piece.length;
  }
  await delivery.beforeTouching(bytes);
  return runRestoreTool(delivery.shell, {
    argv: delivery.argv('-'),
    target: delivery.target,
    source: delivery.archive('sending'),
    onPercent: delivery.onPercent,
    signal: delivery.signal,
    letGo: delayed(delivery.signal, ENDS_WITHIN_MS),
  });
}
