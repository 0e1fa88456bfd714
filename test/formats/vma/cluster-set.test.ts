import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ClusterSet } from '../../../src/formats/vma/cluster-set.ts';

it('behaves as a set', () => {
  const clusters = 200_000;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: clusters - 1 }), { maxLength: 200 }), (added) => {
      const set = new ClusterSet(clusters);
      const model = new Set<number>();
      for (const cluster of added) {
        expect(set.add(cluster)).toBe(!model.has(cluster));
        model.add(cluster);
      }
      expect(set.size).toBe(model.size);
      let missing = 0;
      while (model.has(missing)) missing++;
      expect(set.firstMissing()).toBe(missing);
    }),
  );
});

it.each([1, 31, 32, 33, 65536, 65537])('misses none of %i clusters once all are there', (clusters) => {
  const set = new ClusterSet(clusters);
  for (let cluster = clusters - 1; cluster > 0; cluster--) set.add(cluster);
  expect(set.firstMissing()).toBe(0);
  set.add(0);
  expect(set.firstMissing()).toBeUndefined();
});
