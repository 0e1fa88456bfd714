import { describe, expect, it } from 'vitest';
import { isIrreducible, randomIrreduciblePolynomial } from '../../src/repository/chunker-polynomial.ts';

describe('the chunker polynomial', () => {
  it.each([
    [0x3da3358b4dc173n, true],
    [0x3da3358b4dc175n, false],
    [0x20000000000000n, false],
    [0x20000000000001n, false],
    [0x3fffffffffffffn, false],
    [0x1da3358b4dc173n, false],
    [0n, false],
    [1n, false],
  ])('%#x is irreducible and of degree 53: %s', (polynomial, irreducible) => {
    expect(isIrreducible(polynomial)).toBe(irreducible);
  });

  it('is drawn again until it is irreducible', () => {
    const drawn = [0x20000000000001n, 0x3da3358b4dc175n, 0x3da3358b4dc173n];
    const random = () => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(drawn.shift() ?? 0n);
      return bytes;
    };
    expect(randomIrreduciblePolynomial(random)).toBe(0x3da3358b4dc173n);
  });

  it('that is made at random has degree 53 and no small divisor', () => {
    for (let i = 0; i < 5; i++) {
      const polynomial = randomIrreduciblePolynomial();
      expect(polynomial >> 53n).toBe(1n);
      for (let divisor = 2n; divisor < 256n; divisor++) expect(divides(divisor, polynomial)).toBe(false);
    }
  });
});

function divides(divisor: bigint, polynomial: bigint): boolean {
  const degree = (value: bigint) => value.toString(2).length - 1;
  let rest = polynomial;
  while (rest !== 0n && degree(rest) >= degree(divisor))
    rest ^= divisor << BigInt(degree(rest) - degree(divisor));
  return rest === 0n;
}
