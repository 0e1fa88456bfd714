import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from '../../src/browse/line-diff.ts';
import { unifiedDiff } from '../../src/browse/unified-diff.ts';

const text = (...lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

describe('the way from one text to another', () => {
  it('says which lines went and which came, with three around them', () => {
    const before = text('a', 'b', 'c', 'd', 'memory: 512', 'e', 'f', 'g', 'h');
    const [hunk, ...more] = unifiedDiff(before, before.replace('512', '1024'));
    expect(more).toEqual([]);
    expect(hunk).toMatchObject({ before: { start: 2, count: 7 }, after: { start: 2, count: 7 } });
    expect(hunk?.lines.map(({ kind, line }) => `${kind} ${line}`)).toEqual([
      'same b',
      'same c',
      'same d',
      'removed memory: 512',
      'added memory: 1024',
      'same e',
      'same f',
      'same g',
    ]);
  });

  it.each([
    ['nothing and nothing', '', '', []],
    ['the same', text('a'), text('a'), []],
    ['a line feed less at the end', text('a'), 'a', []],
    [
      'nothing and something',
      '',
      text('a', 'b'),
      [{ before: { start: 0, count: 0 }, after: { start: 1, count: 2 } }],
    ],
    [
      'something and nothing',
      text('a'),
      '',
      [{ before: { start: 1, count: 1 }, after: { start: 0, count: 0 } }],
    ],
  ])('of %s', (_, before, after, hunks) => {
    expect(unifiedDiff(before, after).map((hunk) => ({ before: hunk.before, after: hunk.after }))).toEqual(
      hunks,
    );
  });

  it('parts what is far from each other and joins what is near', () => {
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`);
    const changed = (...at: readonly number[]) =>
      text(...lines.map((line, i) => (at.includes(i) ? 'x' : line)));
    expect(unifiedDiff(text(...lines), changed(2, 25))).toHaveLength(2);
    expect(unifiedDiff(text(...lines), changed(10, 14))).toHaveLength(1);
  });

  it('leads from any text to any other, and never in more steps than needed', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const changes = diffLines(before, after);
        const without = (kind: string) => changes.filter((one) => one.kind !== kind).map(({ line }) => line);
        expect(without('added')).toEqual(before);
        expect(without('removed')).toEqual(after);
        const kept = changes.filter(({ kind }) => kind === 'same').length;
        expect(kept).toBe(longestCommon(before, after));
      }),
      { numRuns: 300 },
    );
  });

  it('of long texts with nothing in common is said quickly', () => {
    const many = (word: string) => Array.from({ length: 20_000 }, (_, i) => `${word} ${i}`);
    expect(diffLines(many('a'), many('b'))).toHaveLength(40_000);
  });
});

function longestCommon(before: readonly string[], after: readonly string[]): number {
  const table = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const at = (i: number, j: number) => table[i]?.[j] ?? 0;
  for (const [i, was] of before.entries())
    for (const [j, is] of after.entries()) {
      const row = table[i + 1];
      if (row !== undefined) row[j + 1] = was === is ? at(i, j) + 1 : Math.max(at(i, j + 1), at(i + 1, j));
    }
  return at(before.length, after.length);
}
