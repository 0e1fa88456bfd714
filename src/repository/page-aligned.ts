/** Of it the standard library's types know nothing. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: boolean;
  }) => { readonly buffer: ArrayBuffer | SharedArrayBuffer };
};

const WASM_PAGE_BYTES = 65536;

/**
 * Shared memory of at least so many bytes that begins with a page, as O_DIRECT wants it: only WebAssembly gives that. Where it may
 * not, other memory is given, which serves for all else. Pages that nobody touches take no room.
 */
export function pageAligned(bytes: number): SharedArrayBuffer {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  try {
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    if (buffer instanceof SharedArrayBuffer) return buffer;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return new SharedArrayBuffer(bytes);
}
