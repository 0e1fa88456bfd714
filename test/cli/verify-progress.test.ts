import { describe, expect, it } from 'vitest';
import { verifyProgressText } from '../../src/cli/view/verify-progress-text.ts';

const AMOUNT = { doneBytes: 512 << 20, totalBytes: 2 ** 30, elapsedMs: 2000, faults: 0 };
const NONE = { doneBytes: 0, totalBytes: 0, elapsedMs: 100, faults: 0 };

describe('the progress of a verification', () => {
  it.each([
    [{ ...NONE, phase: 'trees', done: 1, total: undefined }, '1 tree read'],
    [{ ...NONE, phase: 'contents', done: 3, total: 40, faults: 1 }, 'lists of snapshots: 3 of 40; 1 fault'],
    [
      { ...AMOUNT, phase: 'packs', done: 30, total: 61 },
      'packs: 50 %, 30 of 61, 512 MiB of 1 GiB, 256 MiB/s, 2 s left',
    ],
    [
      { ...AMOUNT, doneBytes: 100, phase: 'packs', done: 1, total: 61 },
      'packs: 0 %, 1 of 61, 100 B of 1 GiB, 50 B/s',
    ],
    [
      { ...AMOUNT, phase: 'archives', done: 1, total: 2, faults: 2 },
      "containers' archives: 50 %, 1 of 2, 512 MiB of 1 GiB, 256 MiB/s, 2 s left; 2 faults",
    ],
    [{ ...NONE, phase: 'tracing', done: 7, total: 9 }, 'looking which snapshots are touched: 7 of 9'],
  ] as const)('%o is told as %s', (progress, text) => {
    expect(verifyProgressText(progress)).toBe(text);
  });
});
