import { expect, it } from 'vitest';
import { RecycledMemory } from '../../src/apply/recycled-memory.ts';

it('a piece comes back with the last of its parts, and not before', () => {
  const memory = new RecycledMemory();
  const piece = memory.take(3_000_000);
  expect(piece).toHaveLength(3_000_000);
  memory.free(piece.subarray(0, 1_000_000));
  expect(memory.take(3_000_000).buffer).not.toBe(piece.buffer);
  memory.free(piece.subarray(1_000_000));
  expect(memory.take(2_000_000).buffer).toBe(piece.buffer);
});

it('a piece that does not fit is new, and one from elsewhere is freed', () => {
  const memory = new RecycledMemory();
  const small = memory.take(10);
  memory.free(small);
  const large = memory.take(9_000_000);
  expect(large.buffer).not.toBe(small.buffer);
  const foreign = new Uint8Array(100_000);
  memory.free(foreign);
  expect(foreign.buffer.detached).toBe(true);
});
