import { describe, expect, it } from 'vitest';
import { readRecordings } from './recording.ts';
import { replayAll } from './replay-all.ts';
import { BEFORE, NOT_REPLAYED, REAL_TIME } from './replay-conditions.ts';

const recordings = readRecordings('runs');

describe('a node of version 8.4', () => replayAll('8.4', recordings));

it('replays every recording, or says why not', () => {
  const names = new Set([...recordings, ...readRecordings('runs-pve9')].map(({ name }) => name));
  const unknown = [...BEFORE.keys(), ...NOT_REPLAYED.keys(), ...REAL_TIME].filter((name) => !names.has(name));
  expect(unknown).toEqual([]);
});
