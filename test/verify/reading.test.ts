import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isRead, parseSubset, settleReading, type WantedReading } from '../../src/verify/reading.ts';

const PACKS = Array.from({ length: 2000 }, (_, i) => createHash('sha256').update(String(i)).digest('hex'));

describe('a share of the data', () => {
  const cases: readonly (readonly [string, WantedReading | undefined])[] = [
    ['5%', { kind: 'next-part', of: 20 }],
    ['100%', { kind: 'next-part', of: 1 }],
    ['33%', { kind: 'next-part', of: 4 }],
    ['2.5%', { kind: 'next-part', of: 40 }],
    ['3/20', { kind: 'subset', part: 3, of: 20 }],
    ['1/1', { kind: 'subset', part: 1, of: 1 }],
    ...['0%', '101%', '5', '-5%', '%', '0.001%', '0/3', '4/3', '1/0', '1/99999', 'all', ''].map(
      (text) => [text, undefined] as const,
    ),
  ];
  it.each(cases)('%s is understood as %o', (text, expected) => {
    expect(parseSubset(text)).toEqual(expected);
  });

  it('in percent is the part after the last one, and after the last the first', () => {
    const parts = [undefined, 1, 2, 3].map((last) => settleReading({ kind: 'next-part', of: 3 }, last));
    expect(parts).toEqual([1, 2, 3, 1].map((part) => ({ kind: 'subset', part, of: 3 })));
  });

  it.each([1, 2, 7, 20, 300])('of %d parts: each pack is in exactly one, about as many in each', (of) => {
    const parts = Array.from({ length: of }, (_, i) =>
      PACKS.filter((pack) => isRead(pack, { kind: 'subset', part: i + 1, of })),
    );
    expect(parts.flat().toSorted()).toEqual(PACKS.toSorted());
    if (of <= 20) for (const part of parts) expect(part.length).toBeGreaterThan((PACKS.length / of) * 0.7);
  });

  it('of the structure is nothing, and of all data all', () => {
    expect(PACKS.some((pack) => isRead(pack, { kind: 'structure' }))).toBe(false);
    expect(PACKS.every((pack) => isRead(pack, { kind: 'read-data' }))).toBe(true);
  });
});
