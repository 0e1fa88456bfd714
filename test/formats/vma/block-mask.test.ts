import { expect, it } from 'vitest';
import { markedBlocks, markedRuns, wholeClusterMask } from '../../../src/formats/vma/block-mask.ts';

it('counts the blocks of every mask', () => {
  for (let mask = 0; mask <= 0xffff; mask++) {
    const bits = mask.toString(2).replaceAll('0', '').length;
    if (markedBlocks(mask) !== bits) expect(markedBlocks(mask), `mask ${mask}`).toBe(bits);
  }
});

it.each([
  [512, 0, 0x0001],
  [4096, 0, 0x0001],
  [4608, 0, 0x0003],
  [61440, 0, 0x7fff],
  [61441, 0, 0xffff],
  [65536, 0, 0xffff],
  [540672, 7, 0xffff],
  [540672, 8, 0x000f],
  [209408, 3, 0x000f],
])('a device of %i bytes has in cluster %i the blocks %i', (size, cluster, mask) => {
  expect(wholeClusterMask(size, cluster)).toBe(mask);
});

it('finds the runs of every mask', () => {
  for (let mask = 0; mask <= 0xffff; mask++) {
    const rebuilt = markedRuns(mask).reduce((bits, { from, to }) => bits | ((1 << to) - (1 << from)), 0);
    if (rebuilt !== mask) expect(rebuilt, `mask ${mask}`).toBe(mask);
    const touching = markedRuns(mask).some(({ to }) => markedRuns(mask).some(({ from }) => from === to));
    if (touching) expect(touching, `mask ${mask}`).toBe(false);
  }
});
