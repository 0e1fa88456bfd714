/**
 * Frees a buffer's memory at once instead of at some later garbage collection, which lets hundreds of megabytes of
 * buffers pile up in each thread. Nothing may use the bytes, or another view of their buffer, afterwards.
 * A view of a part of a small buffer is left alone: Node cuts small Buffers from a common pool.
 */
export function releaseMemory(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (
    buffer instanceof ArrayBuffer &&
    (bytes.byteLength === buffer.byteLength || buffer.byteLength > Buffer.poolSize) &&
    !buffer.detached
  )
    buffer.transfer(0);
}
