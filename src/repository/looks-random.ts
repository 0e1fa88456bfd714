const SAMPLES = 4096;
/** Of 4096 bytes drawn evenly, fewer than one in a thousand samples gives more (chi-square, 255 degrees of freedom). */
const MOST_UNEVEN = 330;

/**
 * Whether bytes are spread as evenly as those of compressed or encrypted data are, so that compressing them again is not
 * worth the time. Looks at every so many-th byte. Short ones are never taken for random.
 */
export function looksRandom(bytes: Uint8Array): boolean {
  if (bytes.length < 4 * SAMPLES) return false;
  const counts = new Uint32Array(256);
  const step = Math.floor(bytes.length / SAMPLES);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const byte = bytes[sample * step] ?? 0;
    counts[byte] = (counts[byte] ?? 0) + 1;
  }
  const expected = SAMPLES / 256;
  let uneven = 0;
  for (const count of counts) uneven += (count - expected) ** 2 / expected;
  return uneven < MOST_UNEVEN;
}
