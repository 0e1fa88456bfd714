import { describe, expect, it } from 'vitest';
import type { FileId } from '../../../src/repository/object-id.ts';
import { parseFileId } from '../../../src/repository/object-id.ts';
import { type PackUse, planPrune } from '../../../src/repository/prune/plan-prune.ts';

function packId(digit: string): FileId {
  const id = parseFileId(digit.repeat(64));
  if (id === undefined) throw new Error('no digit');
  return id;
}

/** `{ a: [80, 20] }`: 80 bytes used, 20 unused. */
function packs(uses: Readonly<Record<string, readonly [number, number]>>): readonly PackUse[] {
  return Object.entries(uses).map(([digit, [usedBytes, unusedBytes]]) => ({
    id: packId(digit),
    type: 'data',
    usedBytes,
    unusedBytes,
  }));
}

describe('which packs go', () => {
  it.each<[string, Parameters<typeof packs>[0], number, string, string, number]>([
    ['none where all is used', { a: [100, 0], b: [50, 0] }, 0, '', '', 0],
    ['those without use, whatever share may stay', { a: [0, 100], b: [100, 0] }, 1, 'a', '', 0],
    [
      'those partly used, when nothing unused may stay',
      { a: [99, 1], b: [1, 99], c: [5, 0] },
      0,
      '',
      'ba',
      0,
    ],
    [
      'first those with the largest share of waste',
      { a: [50, 50], b: [10, 90], c: [90, 10] },
      0.3,
      '',
      'b',
      60,
    ],
    ['as few as needed', { a: [50, 50], b: [10, 90], c: [90, 10] }, 0.07, '', 'ba', 10],
    ['none while the share is small enough', { a: [95, 5], b: [100, 0] }, 0.05, '', '', 5],
    ['none for next to nothing', { a: [9950, 50], b: [9950, 50] }, 0.001, '', '', 100],
    ['nothing of nothing', {}, 0, '', '', 0],
  ])('%s', (_, uses, share, remove, repack, left) => {
    const decision = planPrune(packs(uses), share);
    expect(decision.remove.map((id) => id[0]).join('')).toBe(remove);
    expect(decision.repack.map((id) => id[0]).join('')).toBe(repack);
    expect(decision.unusedBytesLeft).toBe(left);
  });
});
