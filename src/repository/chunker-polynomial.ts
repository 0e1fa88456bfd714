import { randomBytes } from 'node:crypto';

/**
 * restic's configuration holds a random irreducible polynomial of degree 53 over GF(2) for its own content
 * defined chunking, and restic refuses a repository whose polynomial can be divided (design document,
 * "Repository Format"). pvebak cuts disks by place and never uses it; `restic backup` into the same
 * repository does.
 *
 * @returns the polynomial, bit i being the coefficient of x^i
 */
export function randomIrreduciblePolynomial(random: () => Buffer = () => randomBytes(8)): bigint {
  for (;;) {
    const candidate = (random().readBigUInt64LE() & ((1n << 53n) - 1n)) | (1n << 53n) | 1n;
    if (isIrreducible(candidate)) return candidate;
  }
}

/** Rabin's test, for degree 53, a prime: x^(2^53) = x mod f, and gcd(x^2 - x, f) = 1. */
export function isIrreducible(f: bigint): boolean {
  if (degree(f) !== 53) return false;
  const x = 2n;
  let power = x;
  for (let i = 0; i < 53; i++) power = remainder(square(power), f);
  return power === x && gcd(f, square(x) ^ x) === 1n;
}

function square(a: bigint): bigint {
  let result = 0n;
  for (let bit = 0n; a >> bit !== 0n; bit++) if ((a >> bit) & 1n) result |= 1n << (2n * bit);
  return result;
}

function remainder(a: bigint, divisor: bigint): bigint {
  const size = degree(divisor);
  let rest = a;
  for (let excess = degree(rest) - size; excess >= 0; excess = degree(rest) - size)
    rest ^= divisor << BigInt(excess);
  return rest;
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, remainder(a, b));
}

function degree(a: bigint): number {
  return a === 0n ? -1 : a.toString(2).length - 1;
}
