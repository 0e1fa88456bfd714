import { describe, expect, it } from 'vitest';
import { parseBenchOptions } from './bench-options.ts';
import { bytesThatDiffer, newBytes } from './chunks-section.ts';
import { ceilingSeconds } from './processor-ceiling.ts';
import { atLeast, atMost, formatSection, unmeasured } from './report.ts';

describe('the text of a section', () => {
  it('is aligned, with the bars below', () => {
    const text = formatSection({
      name: 'vm',
      tables: [
        {
          title: 'A VM',
          columns: ['', 'wall s'],
          rows: [
            ['first', 12.345],
            ['second', undefined],
          ],
          notes: ['once'],
        },
      ],
      verdicts: [
        atLeast('speed', 1.2, { bar: 1.5 }),
        atMost('memory', 300, { bar: 400, unit: ' MiB' }),
        unmeasured('one file', '<= 2 s', 'not there'),
      ],
    });
    expect(text).toBe(
      [
        'A VM',
        '',
        '        wall s',
        '------  ------',
        'first     12.3',
        'second       -',
        '  once',
        '',
        'Against the bars',
        '',
        '           measured         bar  verdict',
        '--------  ---------  ----------  -------',
        'speed         1.20x    >= 1.50x     MISS',
        'memory      300 MiB  <= 400 MiB     pass',
        'one file  not there      <= 2 s        -',
        '',
      ].join('\n'),
    );
  });
});

describe('the arguments', () => {
  it('have defaults', () => {
    expect(parseBenchOptions([])).toMatchObject({
      size: 2 ** 32,
      seed: '1',
      files: 500_000,
      json: undefined,
    });
  });

  it.each([
    ['--only', 'vm,none', 'there is no section none'],
    ['--size', '2', 'a size is written like'],
    ['--files', '0', 'a number of files is wanted'],
  ])('%s %s is refused', (option, value, words) => {
    expect(() => parseBenchOptions([option, value])).toThrow(words);
  });
});

it('the ceiling of two cores is half the time that one needs for each byte that each step must touch', () => {
  const speeds = { hash: 100, zstd: 50, cipher: 200, mac: 400 };
  const work = { dataBytes: 1000, newBytes: 500, storedBytes: 400 };
  expect(ceilingSeconds(work, speeds, 2)).toBe((10 + 10 + 2 + 1 + 4) / 2);
});

it('pieces that differ are counted whole, the last as long as it is', () => {
  const before = new Map([['disk', Buffer.from('aaaabbbbcc')]]);
  const after = new Map([['disk', Buffer.from('aaaabxbbcd')]]);
  expect(bytesThatDiffer(before, after, 1)).toBe(2);
  expect(bytesThatDiffer(before, after, 4)).toBe(6);
});

it('pieces are new that were nowhere before, are no zeros, and were not counted yet', () => {
  const before = new Map([['disk', Buffer.from('aaaabbbbcccc')]]);
  const after = new Map([
    ['disk', Buffer.from('bbbb\0\0\0\0xxxx')],
    ['other', Buffer.from('xxxxyyyyaa')],
  ]);
  expect(newBytes(before, after, 4)).toBe(4 + 4 + 2);
});
