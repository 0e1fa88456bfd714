import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { displayWidth } from '../../src/cli/view/display-width.ts';
import { renderSiteProblems } from '../../src/cli/view/site-problems.ts';
import { SiteFileError } from '../../src/config/site-file-error.ts';
import { problemsOf, render } from './render-site.ts';

const fixture = (name: string) => new URL(`../fixtures/config/${name}`, import.meta.url);

describe('the problems of a site file', () => {
  test('six mistakes are six problems, each with its exact place and what to write instead', async () => {
    const text = readFileSync(fixture('six-mistakes.yaml'), 'utf8');
    const problems = problemsOf(text);
    expect(problems.map(({ line, column }) => [line, column])).toEqual([
      [2, 10],
      [13, 5],
      [17, 15],
      [23, 11],
      [25, 5],
      [29, 15],
    ]);
    expect(problems.every(({ hint }) => hint !== undefined)).toBe(true);
    await expect(render(text)).toMatchFileSnapshot(fixture('six-mistakes.txt').pathname);
  });

  test.each(['wrong-hosts', 'wrong-policies', 'wrong-moves'])(
    'each kind of mistake has its sentence, secrets are hidden: %s',
    async (name) => {
      const rendered = render(readFileSync(fixture(`${name}.yaml`), 'utf8'));
      expect(rendered).not.toContain('hunter2');
      await expect(rendered).toMatchFileSnapshot(fixture(`${name}.txt`).pathname);
    },
  );

  test('the error itself counts them', () => {
    const error = new SiteFileError('site.yaml', problemsOf('version: 2\nrepositories:\nhosts: []\n'));
    expect(error).toMatchObject({ code: 'site-file', message: 'site.yaml: 3 problems' });
  });
});

describe('the rendering', () => {
  const problem = {
    file: 'site.yaml',
    line: 3,
    column: 1,
    message: 'wrong',
    lineText: '',
    markStart: 0,
    length: 1,
  };
  const shown = (part: Partial<typeof problem>) =>
    renderSiteProblems(new SiteFileError('site.yaml', [{ ...problem, ...part }]));

  test.each([
    ['plain text', { lineText: 'rpo: 1 day', markStart: 5, length: 5 }, 'rpo: 1 day', '     ^^^^^'],
    ['wide characters', { lineText: '日本: x', markStart: 4, length: 1 }, '日本: x', '      ^'],
    ['a marked wide character', { lineText: '日本: x', markStart: 0, length: 2 }, '日本: x', '^^^^'],
    ['combining marks', { lineText: 'e\u0301: x', markStart: 4, length: 1 }, 'e\u0301: x', '   ^'],
    ['tabs', { lineText: '\ta: x', markStart: 1, length: 1 }, '→   a: x', '    ^'],
    [
      'escape sequences',
      { lineText: '\u001b[2Ja: x', markStart: 4, length: 1 },
      '\\u{1b}[2Ja: x',
      '         ^',
    ],
    [
      'text that turns around',
      { lineText: '\u202ea: x', markStart: 1, length: 1 },
      '\\u{202e}a: x',
      '        ^',
    ],
    ['a mark behind the line', { lineText: 'a: [', markStart: 4, length: 1 }, 'a: [', '    ^'],
  ])('keeps the mark beneath its place with %s', (_what, part, line, mark) => {
    expect(shown(part)).toBe(`site.yaml:3:1: wrong\n    ${line}\n    ${mark}\n`);
  });

  test('cuts a line of any length around the mark', () => {
    const text = shown({
      lineText: `${'x'.repeat(5000)}MARK${'y'.repeat(900_000)}`,
      markStart: 5000,
      length: 4,
    });
    expect(text.split('\n').every((line) => displayWidth(line) < 120)).toBe(true);
    expect(text).toContain(`    ...${'x'.repeat(50)}MARK${'y'.repeat(46)}...\n    ${' '.repeat(53)}^^^^\n`);
  });

  test('leaves an empty line out', () => {
    expect(shown({})).toBe('site.yaml:3:1: wrong\n');
  });

  test('shows fifty problems and counts the rest', () => {
    const many = Array.from({ length: 60 }, (_, index) => ({ ...problem, line: index + 1 }));
    const text = renderSiteProblems(new SiteFileError('site.yaml', many));
    expect(text).toContain('site.yaml:50:1');
    expect(text).not.toContain('site.yaml:51:1');
    expect(text.endsWith('\nand 10 more\n')).toBe(true);
  });

  test('makes messages and hints safe as well', () => {
    const error = new SiteFileError('site.yaml', [{ ...problem, message: '"\u0007"', hint: 'no \u001b' }]);
    expect(renderSiteProblems(error)).toBe('site.yaml:3:1: "\\u{7}"\n    hint: no \\u{1b}\n');
  });
});
