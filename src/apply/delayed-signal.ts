/** A signal that fires so many milliseconds after another one, with its reason: for what is to end by force at last. */
export function delayed(signal: AbortSignal, milliseconds: number): AbortSignal {
  const later = new AbortController();
  afterAbort(signal, milliseconds, () => later.abort(signal.reason));
  return later.signal;
}

/** Calls back so many milliseconds after a signal has fired, unless it was disposed of before: then it leaves no listener. */
export function afterAbort(signal: AbortSignal, milliseconds: number, call: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    timer = setTimeout(call, milliseconds).unref();
  };
  if (signal.aborted) start();
  else signal.addEventListener('abort', start, { once: true });
  return {
    [Symbol.dispose]() {
      signal.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
}
