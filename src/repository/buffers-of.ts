/** The buffers behind views, each once, to be handed over with them to another thread. Shared memory is not handed over. */
export function buffersOf(views: readonly Uint8Array[]): ArrayBuffer[] {
  return [...new Set(views.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : [])))];
}
