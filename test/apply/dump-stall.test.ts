import { describe, expect, it } from 'vitest';
import { type DumpFlow, lookAgain, type QuietDump, stallOf } from '../../src/apply/dump-stall.ts';

const MOST = 3;
const asked: DumpFlow = { stream: 'asked', mayBeQuiet: false, signs: 0 };

function lookedAt(flows: readonly DumpFlow[]): QuietDump {
  return flows.reduce(lookAgain, { flow: asked, looks: 0 });
}

describe('a dump has stalled when it was looked at often enough without a sign', () => {
  it.each<[string, readonly DumpFlow[], 'node' | 'repository' | undefined]>([
    ['the node, which was asked and sends nothing', [asked, asked, asked], 'node'],
    [
      'the repository, which does not take a piece',
      Array(4).fill({ ...asked, stream: 'held' }),
      'repository',
    ],
    ['nobody yet after one look less', [asked, asked], undefined],
    ['nobody while pieces come', [1, 2, 3, 4].map((signs) => ({ ...asked, signs })), undefined],
    ['nobody while vzdump may be quiet', Array(9).fill({ ...asked, mayBeQuiet: true }), undefined],
    ['nobody once all of the stream has come', Array(9).fill({ ...asked, stream: 'ended' }), undefined],
    [
      'nobody right after the lock was waited for',
      [...Array(9).fill({ ...asked, mayBeQuiet: true }), asked, asked],
      undefined,
    ],
  ])('%s', (_, flows, stall) => {
    expect(stallOf(lookedAt(flows), MOST)).toBe(stall);
  });
});
