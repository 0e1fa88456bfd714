/** A signal that fires so many milliseconds after another one, with its reason: for what is to end by force at last. */
export function delayed(signal: AbortSignal, milliseconds: number): AbortSignal {
  const later = new AbortController();
  const start = () => setTimeout(() => later.abort(signal.reason), milliseconds).unref();
  if (signal.aborted) start();
  else signal.addEventListener('abort', start, { once: true });
  return later.signal;
}
