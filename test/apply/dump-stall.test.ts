import { describe, expect, it } from 'vitest';
import {
  type DumpFlow,
  lookAgain,
  type QuietDump,
  stallAfterAsking,
  standstillOf,
} from '../../src/apply/dump-stall.ts';

const MOST = 3;
const asked: DumpFlow = { stream: 'asked', mayBeQuiet: false, signs: 0 };

function lookedAt(flows: readonly DumpFlow[]): QuietDump {
  return flows.reduce(lookAgain, { flow: asked, looks: 0 });
}

describe('a dump stands still when it was looked at often enough without a sign', () => {
  it.each<[string, readonly DumpFlow[], 'nothing-comes' | 'nothing-taken' | undefined]>([
    ['nothing comes of what was asked for', [asked, asked, asked], 'nothing-comes'],
    ['a piece is not taken', Array(4).fill({ ...asked, stream: 'held' }), 'nothing-taken'],
    ['not yet after one look less', [asked, asked], undefined],
    ['not while pieces come', [1, 2, 3, 4].map((signs) => ({ ...asked, signs })), undefined],
    ['not while vzdump may be quiet', Array(9).fill({ ...asked, mayBeQuiet: true }), undefined],
    ['not once all of the stream has come', Array(9).fill({ ...asked, stream: 'ended' }), undefined],
    [
      'not right after the lock was waited for',
      [...Array(9).fill({ ...asked, mayBeQuiet: true }), asked, asked],
      undefined,
    ],
  ])('%s', (_, flows, stall) => {
    expect(standstillOf(lookedAt(flows), MOST)).toBe(stall);
  });
});

it.each<[string, Partial<DumpFlow>, boolean, 'node' | 'wire' | undefined]>([
  ['the node, when it answers and vzdump sends nothing', {}, true, 'node'],
  ['the wire, when nobody answers', {}, false, 'wire'],
  ['nobody, when something has come since it was asked', { signs: 1 }, true, undefined],
  ['nobody, when something has come and the answer has not', { signs: 1 }, false, undefined],
  ['nobody, when all of it has come', { stream: 'ended' }, true, undefined],
])('of a dump of which nothing comes it is %s', (_, change, answered, stall) => {
  expect(stallAfterAsking(asked, { ...asked, ...change }, answered)).toBe(stall);
});
