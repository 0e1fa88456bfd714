/** Memory of its own that may hold anything, to be filled at once: to clear it first takes as long as to fill it. */
export function unclearedBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer, 0, length);
}
