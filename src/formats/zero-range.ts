const ZEROS = Buffer.alloc(65536);

/** Whether the bytes from `start` to `end` are all zero. */
export function isZeroRange(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  for (let at = start; at < end; at += ZEROS.length) {
    const length = Math.min(ZEROS.length, end - at);
    if (ZEROS.compare(bytes, at, at + length, 0, length) !== 0) return false;
  }
  return true;
}
