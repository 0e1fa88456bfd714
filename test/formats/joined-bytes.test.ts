import fc from 'fast-check';
import { expect, it } from 'vitest';
import { JoinedBytes, MAX_JOINED_BYTES } from '../../src/formats/joined-bytes.ts';

it('cuts every 1 MiB, in whatever pieces the bytes come', () => {
  const bytes = Uint8Array.from({ length: 2.5 * MAX_JOINED_BYTES }, (_, index) => index % 251);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: bytes.length }), { maxLength: 20 }), (cuts) => {
      const joined = new JoinedBytes();
      const borders = [0, ...cuts.toSorted((one, other) => one - other), bytes.length];
      const runs = borders.flatMap((from, index) => [
        ...joined.add(bytes.subarray(from, borders[index + 1])),
      ]);
      runs.push(...joined.end());
      expect(runs.map(({ length }) => length)).toEqual([
        MAX_JOINED_BYTES,
        MAX_JOINED_BYTES,
        MAX_JOINED_BYTES / 2,
      ]);
      expect(Buffer.concat(runs).equals(bytes)).toBe(true);
    }),
    { numRuns: 10 },
  );
});

it('gives each run memory of its own, as long as the run', () => {
  const joined = new JoinedBytes();
  joined.add(new Uint8Array(10).fill(1));
  const [first] = joined.end();
  joined.add(new Uint8Array(10).fill(2));
  expect(first?.buffer.byteLength).toBe(10);
  expect(first).toEqual(new Uint8Array(10).fill(1));
  joined.end();
  expect(joined.end()).toEqual([]);
});
