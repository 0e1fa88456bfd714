import { createCipheriv, createHash } from 'node:crypto';

/** Numbers from 0 up to 1: the same for the same seed, on every machine. */
export function seededNumbers(seed: string): () => number {
  let state = createHash('md5').update(seed).digest().readUInt32LE() || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 0x1_0000_0000;
  };
}

const CIPHER_BLOCK = 16;
const ZEROS = Buffer.alloc(1 << 20);

/**
 * Fills `into` with bytes that do not compress: those of the seed's endless stream from `offset`, a multiple of 16, on.
 * It is AES-128 in counter mode, so that any part can be had by itself.
 */
export function seededBytes(seed: string, offset: number, into: Uint8Array): void {
  const counter = Buffer.alloc(CIPHER_BLOCK);
  counter.writeBigUInt64BE(BigInt(offset / CIPHER_BLOCK), 8);
  const cipher = createCipheriv('aes-128-ctr', createHash('md5').update(seed).digest(), counter);
  for (let at = 0; at < into.length; at += ZEROS.length)
    into.set(cipher.update(ZEROS.subarray(0, Math.min(ZEROS.length, into.length - at))), at);
}
